// Random blocks, and frames of any kind as bytes, for the codec properties.
#pragma once

#include <algorithm>
#include <optional>

#include "core/protocol/block_writer.h"
#include "core/protocol/frame_decoder.h"
#include "core/protocol/frame_encoder.h"
#include "tests/property/frame_generators.h"

namespace tidegate::test {

struct Placed {
  Offset offset;
  Publication publication;
};

inline Publication publication_of(const BlockView& block, const BlockRow& row) {
  Publication publication;
  publication.time = row.time;
  publication.operation = row.operation;
  publication.payload_kind = row.payload_kind;
  publication.event = std::string(block.event_name(row.event_index));
  publication.event_id = std::string(row.event_id);
  publication.key = std::string(row.key);
  publication.payload.assign(row.payload.begin(), row.payload.end());
  return publication;
}

inline std::vector<Placed> rows_of(const BlockView& block) {
  std::vector<Placed> placed;
  BlockView::RowCursor rows = block.rows();
  for (BlockRow row; rows.next(row);) placed.push_back({row.offset, publication_of(block, row)});
  return placed;
}

/// The block, with `rows` in the place of its own.
inline void write_block(const BlockFrame& frame, const std::vector<Placed>& rows, Bytes& out) {
  BlockWriter writer(frame.block.stream(), frame.block.range());
  writer.set_more(frame.more);
  if (frame.has_digest) writer.set_digest(frame.block.digest());
  if (frame.block.shape().records) writer.set_records();
  if (frame.block.shape().sweep) {
    writer.set_sweep(std::string(frame.block.sweep_after()), std::string(frame.block.sweep_until()),
                     frame.block.sweep_read_at());
  }
  for (const Placed& row : rows) writer.add(row.offset, row.publication);
  writer.finish(out);
}

struct Encode {
  Bytes& out;
  template <typename FrameT>
  void operator()(const FrameT& frame) const {
    encode(frame, out);
  }
  void operator()(const BlockFrame& frame) const { write_block(frame, rows_of(frame.block), out); }
  void operator()(const InvalidCommand&) const {}
};

inline Bytes encoded(const Frame& frame) {
  Bytes out;
  std::visit(Encode{out}, frame);
  return out;
}

inline std::vector<Placed> random_rows(std::uint64_t& offset) {
  std::vector<Placed> rows;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) {
    offset += *rc::gen::inRange<std::uint64_t>(1, 5);
    rows.push_back({Offset{offset}, random_publication()});
  }
  return rows;
}

/// A block of records: what it holds, and what it is to be read as.
struct RecordsBlock {
  StreamRange range;
  bool more = false;
  bool sweep = false;
  std::string after;
  std::string until;
  Offset read_at;
  std::optional<std::uint64_t> digest;
  std::vector<Placed> rows;
};

/// Bounds that take in all of the keys: the outermost themselves, or none.
inline void bound(RecordsBlock& block) {
  if (block.rows.empty() || *rc::gen::arbitrary<bool>()) {
    block.after = random_text(200);
    block.until = *rc::gen::arbitrary<bool>() ? "" : block.after + "a" + random_text(50);
    while (!block.rows.empty() && block.rows.front().publication.key <= block.after) {
      block.rows.erase(block.rows.begin());
    }
    const auto is_inside = [&] {
      return block.until.empty() || block.rows.back().publication.key <= block.until;
    };
    while (!block.rows.empty() && !is_inside()) block.rows.pop_back();
    return;
  }
  if (*rc::gen::arbitrary<bool>()) block.until = block.rows.back().publication.key;
  if (block.rows.size() > 1 && *rc::gen::arbitrary<bool>()) {
    block.after = block.rows.front().publication.key;
    block.rows.erase(block.rows.begin());
  }
}

inline RecordsBlock random_records_block() {
  RecordsBlock block;
  block.range.previous = Offset{*rc::gen::inRange<std::uint64_t>(0, 1000)};
  block.range.offset = Offset{block.range.previous.value + *rc::gen::inRange<std::uint64_t>(0, 99)};
  block.more = *rc::gen::arbitrary<bool>();
  block.sweep = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) block.digest = random_u64();
  for (std::string& key : random_keys()) {
    const Offset version{std::max<std::uint64_t>(1, random_u64())};
    block.rows.push_back({version, random_record(std::move(key), !block.sweep)});
  }
  if (block.sweep) bound(block);
  block.read_at = Offset{block.range.offset.value + *rc::gen::inRange<std::uint64_t>(0, 99)};
  for (const Placed& row : block.rows) block.read_at = std::max(block.read_at, row.offset);
  return block;
}

inline void write(const RecordsBlock& block, StreamId stream, Bytes& out) {
  BlockWriter writer(stream, block.range);
  writer.set_records();
  for (const Placed& row : block.rows) writer.add(row.offset, row.publication);
  if (block.sweep) writer.set_sweep(block.after, block.until, block.read_at);
  writer.set_more(block.more);
  if (block.digest) writer.set_digest(*block.digest);
  const std::size_t before = out.size();
  writer.finish(out);
  RC_ASSERT(out.size() == before + writer.frame_bytes());
}

inline Bytes random_block() {
  if (*rc::gen::arbitrary<bool>()) {
    Bytes out;
    write(random_records_block(), random_stream(), out);
    return out;
  }
  const std::uint64_t previous = *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
  std::uint64_t offset = previous;
  const std::vector<Placed> rows = random_rows(offset);
  const std::uint64_t end = offset + *rc::gen::inRange<std::uint64_t>(0, 3);
  BlockWriter writer(random_stream(), {Offset{previous}, Offset{end}});
  for (const Placed& row : rows) writer.add(row.offset, row.publication);
  if (*rc::gen::arbitrary<bool>()) writer.set_digest(random_u64());
  Bytes out;
  writer.finish(out);
  return out;
}

}  // namespace tidegate::test
