// The codec is a bijection between values and bytes: what is encoded decodes to the same, and what
// decodes at all, however it was damaged, is exactly what the encoder would have written.
// A failing case prints its seed; RC_PARAMS="seed=N" replays it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>

#include "core/protocol/block_writer.h"
#include "core/protocol/frame_decoder.h"
#include "core/protocol/frame_encoder.h"
#include "tests/property/frame_generators.h"

namespace tidegate::test {
namespace {

struct Placed {
  Offset offset;
  Publication publication;
};

Publication publication_of(const BlockView& block, const BlockRow& row) {
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

std::vector<Placed> rows_of(const BlockView& block) {
  std::vector<Placed> placed;
  BlockView::RowCursor rows = block.rows();
  for (BlockRow row; rows.next(row);) placed.push_back({row.offset, publication_of(block, row)});
  return placed;
}

struct Encode {
  Bytes& out;
  template <typename FrameT>
  void operator()(const FrameT& frame) const {
    encode(frame, out);
  }
  void operator()(const BlockFrame& frame) const {
    BlockWriter writer(frame.block.stream(), frame.block.range());
    writer.set_more(frame.more);
    if (frame.has_digest) writer.set_digest(frame.block.digest());
    if (frame.block.shape().records) writer.set_records();
    if (frame.block.shape().sweep) {
      writer.set_sweep(std::string(frame.block.sweep_after()),
                       std::string(frame.block.sweep_until()), frame.block.sweep_read_at());
    }
    for (const Placed& row : rows_of(frame.block)) writer.add(row.offset, row.publication);
    writer.finish(out);
  }
  void operator()(const InvalidCommand&) const {}
};

Bytes encoded(const Frame& frame) {
  Bytes out;
  std::visit(Encode{out}, frame);
  return out;
}

/// A null payload of a delete may be absent in history, and is `null` on the wire.
Bytes wire_payload(const Publication& publication) {
  if (publication.operation == Operation::Delete) return {'n', 'u', 'l', 'l'};
  return publication.payload;
}

std::vector<Placed> random_rows(std::uint64_t& offset) {
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
void bound(RecordsBlock& block) {
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

RecordsBlock random_records_block() {
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

void write(const RecordsBlock& block, StreamId stream, Bytes& out) {
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

Bytes random_block() {
  if (*rc::gen::arbitrary<bool>()) {
    Bytes out;
    write(random_records_block(), random_stream(), out);
    return out;
  }
  const std::uint64_t previous = *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
  std::uint64_t offset = previous;
  const std::vector<Placed> rows = random_rows(offset);
  BlockWriter writer(random_stream(), {Offset{previous}, Offset{offset}});
  for (const Placed& row : rows) writer.add(row.offset, row.publication);
  writer.extend_to(Offset{offset + *rc::gen::inRange<std::uint64_t>(0, 3)});
  if (*rc::gen::arbitrary<bool>()) writer.set_digest(random_u64());
  Bytes out;
  writer.finish(out);
  return out;
}

Bytes random_message() {
  Bytes message;
  const auto count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    const Bytes frame =
        *rc::gen::arbitrary<bool>() ? random_block() : encoded(random_control_frame());
    message.insert(message.end(), frame.begin(), frame.end());
  }
  return message;
}

void damage(Bytes& message) {
  const auto count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count && !message.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, message.size());
    const auto place = message.begin() + static_cast<std::ptrdiff_t>(at);
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        *place = *rc::gen::arbitrary<std::uint8_t>();
        break;
      case 1:
        *place = static_cast<std::uint8_t>(*place + 1);
        break;
      case 2:
        *place ^= static_cast<std::uint8_t>(1U << *rc::gen::inRange(0, 8));
        break;
      case 3:
        message.erase(place, message.end());
        break;
      default:
        message.insert(place, 8, 0);
        break;
    }
  }
}

RC_GTEST_PROP(Codec, ControlFramesSurviveARoundTrip, ()) {
  const Frame frame = random_control_frame();
  const Bytes bytes = encoded(frame);
  RC_ASSERT(bytes.size() % wire::kAlignment == 0);
  FrameDecoder decoder(bytes);
  const auto decoded = decoder.next();
  RC_ASSERT(decoded.has_value() && decoded->ok());
  RC_ASSERT(decoded->value().index() == frame.index());
  RC_ASSERT(encoded(decoded->value()) == bytes);
  RC_ASSERT(!decoder.next().has_value());
}

void assert_same_rows(const std::vector<Placed>& read, const std::vector<Placed>& rows) {
  RC_ASSERT(read.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Publication& wrote = rows[i].publication;
    const Publication& got = read[i].publication;
    RC_ASSERT(read[i].offset == rows[i].offset);
    RC_ASSERT(got.time == wrote.time);
    RC_ASSERT(got.operation == wrote.operation);
    RC_ASSERT(got.payload_kind == wrote.payload_kind);
    RC_ASSERT(got.event == wrote.event);
    RC_ASSERT(got.event_id == wrote.event_id);
    RC_ASSERT(got.key == wrote.key);
    RC_ASSERT(got.payload == wire_payload(wrote));
  }
}

RC_GTEST_PROP(Codec, BlocksSurviveARoundTrip, ()) {
  std::uint64_t offset = *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
  const StreamRange range{Offset{offset}, Offset{offset + 100}};
  const StreamId stream = random_stream();
  const std::vector<Placed> rows = random_rows(offset);
  BlockWriter writer(stream, range);
  for (const Placed& row : rows) writer.add(row.offset, row.publication);
  Bytes bytes = encoded(PingFrame{1});
  const std::size_t before = bytes.size();
  writer.finish(bytes);
  RC_ASSERT(bytes.size() == before + writer.frame_bytes());

  FrameDecoder decoder(bytes);
  decoder.next();
  const auto decoded = decoder.next();
  RC_ASSERT(decoded.has_value() && decoded->ok());
  const BlockView& block = std::get<BlockFrame>(decoded->value()).block;
  RC_ASSERT(block.stream() == stream);
  RC_ASSERT(block.range() == range);
  assert_same_rows(rows_of(block), rows);
}

RC_GTEST_PROP(Codec, RecordsAndSweepsSurviveARoundTrip, ()) {
  const RecordsBlock wrote = random_records_block();
  Bytes bytes = encoded(PingFrame{1});
  write(wrote, random_stream(), bytes);
  FrameDecoder decoder(bytes);
  decoder.next();
  const auto decoded = decoder.next();
  RC_ASSERT(decoded.has_value() && decoded->ok());
  const auto& frame = std::get<BlockFrame>(decoded->value());
  RC_ASSERT(frame.more == wrote.more);
  RC_ASSERT(frame.has_digest == wrote.digest.has_value());
  RC_ASSERT(frame.block.digest() == wrote.digest.value_or(0));
  RC_ASSERT(frame.block.range() == wrote.range);
  RC_ASSERT(frame.block.shape().records);
  RC_ASSERT(frame.block.shape().sweep == wrote.sweep);
  RC_ASSERT(frame.block.sweep_after() == wrote.after);
  RC_ASSERT(frame.block.sweep_until() == wrote.until);
  if (wrote.sweep) RC_ASSERT(frame.block.sweep_read_at() == wrote.read_at);
  assert_same_rows(rows_of(frame.block), wrote.rows);
  RC_CLASSIFY(wrote.sweep, "a sweep");
  RC_CLASSIFY(wrote.rows.empty(), "without rows");
}

/// The rules of records, from the page: what a reader that trusts a block relies on.
void assert_lawful(const BlockFrame& frame) {
  const BlockView& block = frame.block;
  const BlockShape shape = block.shape();
  RC_ASSERT(shape.records || (!shape.sweep && !frame.more));
  RC_ASSERT(frame.has_digest || block.digest() == 0);
  RC_ASSERT(block.sweep_until().empty() || block.sweep_after() < block.sweep_until());
  std::string_view last = block.sweep_after();
  BlockView::RowCursor rows = block.rows();
  for (BlockRow row; shape.records && rows.next(row);) {
    RC_ASSERT(row.offset.value > 0 && row.key > last);
    RC_ASSERT(row.operation == Operation::Set ||
              (row.operation == Operation::Delete && !shape.sweep));
    RC_ASSERT(block.sweep_until().empty() || row.key <= block.sweep_until());
    last = row.key;
  }
}

/// Damage to one place of a block of records that was sound: most of it is in what its rules are
/// about, so that the reader is led to the rules and not to the first wrong length.
RC_GTEST_PROP(Codec, DamagedRecordsFailOrKeepTheirRules, ()) {
  Bytes bytes;
  write(random_records_block(), random_stream(), bytes);
  if (*rc::gen::arbitrary<bool>()) bytes[5] ^= *rc::gen::element<std::uint8_t>(1, 2, 8, 16, 24, 25);
  const auto from = *rc::gen::element<std::size_t>(8, 56);
  if (bytes.size() > from && *rc::gen::arbitrary<bool>()) {
    const auto at = *rc::gen::inRange<std::size_t>(from, bytes.size());
    bytes[at] = static_cast<std::uint8_t>(bytes[at] + *rc::gen::inRange(1, 256));
  }
  const Bytes exact(bytes);  // its own allocation: a sanitizer sees every read beyond it
  FrameDecoder decoder(exact);
  const auto frame = decoder.next();
  RC_ASSERT(frame.has_value());
  RC_CLASSIFY(frame->ok(), "still sound");
  if (!frame->ok()) return;
  assert_lawful(std::get<BlockFrame>(frame->value()));
  const Bytes again = encoded(frame->value());  // stops where a rule is broken
  RC_ASSERT(FrameDecoder(again).next()->ok());
}

/// Checks everything that decodes; returns false at the first fault, or where bytes were skipped.
bool redecode_equals(const Bytes& message) {
  FrameDecoder decoder(message);
  bool canonical = true;
  Bytes again;
  while (const auto frame = decoder.next()) {
    if (!frame->ok()) {
      RC_ASSERT(!frame->error().message.empty());
      return false;
    }
    if (const auto* block = std::get_if<BlockFrame>(&frame->value())) {
      assert_lawful(*block);
      // Strings may stand elsewhere than our writer puts them: what counts is what is read.
      const Bytes bytes = encoded(*frame.value());
      FrameDecoder inner(bytes);
      const auto copy = inner.next();
      RC_ASSERT(copy.has_value() && copy->ok());
      const BlockView& copied = std::get<BlockFrame>(copy->value()).block;
      RC_ASSERT(copied.json() == block->block.json());
      RC_ASSERT(copied.row_count() == block->block.row_count());
      canonical = false;
    }
    const auto* hello = std::get_if<HelloFrame>(&frame->value());
    const auto* welcome = std::get_if<WelcomeFrame>(&frame->value());
    if ((hello != nullptr && hello->version != 1) ||
        (welcome != nullptr && welcome->version != 1) ||
        std::holds_alternative<InvalidCommand>(frame->value())) {
      canonical = false;
    }
    const Bytes bytes = encoded(frame->value());
    again.insert(again.end(), bytes.begin(), bytes.end());
  }
  if (canonical && again.size() == message.size()) RC_ASSERT(again == message);
  return canonical;
}

RC_GTEST_PROP(Codec, DamagedMessagesFailOrReadAsWhatTheyAre, ()) {
  Bytes message = random_message();
  damage(message);
  const Bytes exact(message);  // its own allocation: a sanitizer sees every read beyond it
  const bool intact = redecode_equals(exact);
  RC_CLASSIFY(intact, "still a message of control frames");
}

RC_GTEST_PROP(Codec, RandomBytesNeverBreakTheDecoder, ()) {
  Bytes message = random_bytes();
  if (message.size() >= 8) {  // get past the header
    message[0] = static_cast<std::uint8_t>(message.size() - 8);
    message[1] = message[2] = message[3] = 0;
    message[4] =
        *rc::gen::element<std::uint8_t>(1, 2, 3, 4, 16, 17, 32, 33, 34, 35, 36, 37, 38, 48);
    message[5] = message[6] = message[7] = 0;
    message.resize(wire::padded(message.size()));
  }
  redecode_equals(message);
}

}  // namespace
}  // namespace tidegate::test
