#include "edge/relay/frame_cache.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/protocol/block_writer.h"

namespace tidegate::relay {
namespace {

std::uint64_t segment_of(const ChannelLog::Entry& entry, Measure measure) {
  return entry.bytes_before(measure) / limits::block_bytes_target;
}

/// Of what the view shows of the records, as they are at the top and nowhere else.
void state_digest(const ChannelMirror& mirror, ChannelView& view, Offset end, BlockWriter& writer) {
  const ChannelLog& log = mirror.history();
  if (log.kind() != ChannelKind::State || !mirror.is_loaded() || end != log.top()) {
    return;
  }
  const auto digest = view.digest.at_top(log, view.program(), mirror.incarnation());
  if (digest.has_value()) {
    writer.set_digest(*digest);
  }
}

}  // namespace

// An entry counts 96 bytes at least (ChannelLog::bytes_of), so no segment has more rows or event
// names than a block may have.
static_assert(limits::block_bytes_target / 96 + 1 < limits::block_rows_max);
static_assert(limits::block_bytes_target / 96 + 1 < limits::block_event_names_max);

Offset FrameCache::end_of(const ChannelLog& log, const ChannelView& view, Offset from) {
  const Measure measure = view.program().measure();
  const std::size_t first = log.first_beyond(from);
  if (first == log.size()) {
    return log.top();  // signals that are no longer kept
  }
  const std::uint64_t segment = segment_of(log.entry(first), measure);
  if (segment_of(log.entry(log.size() - 1), measure) == segment) {
    return log.top();
  }
  std::size_t low = first;
  std::size_t high = log.size() - 1;  // the last is beyond the segment: find the first that is
  while (low + 1 < high) {
    const std::size_t middle = low + (high - low) / 2;
    (segment_of(log.entry(middle), measure) == segment ? low : high) = middle;
  }
  return log.entry(low).range().offset;
}

bool FrameCache::Key::operator<(const Key& other) const {
  const auto all = [](const Key& key) {
    return std::tie(key.stream, key.incarnation, key.from, key.end, key.what, key.after,
                    key.encoding, key.shed_to);
  };
  return all(*this) < all(other);
}

template <typename Build>
SharedBlock FrameCache::find_or_build(const Key& key, Build&& build) {
  if (const SharedBlock* found = find(key)) {
    ++counters_.blocks_shared;
    return *found;
  }
  SharedBlock block;
  if (key.encoding == Encoding::Binary) {
    block = build();
  } else {
    // Said again what the binary block says, be it at hand or not.
    Key binary = key;
    binary.encoding = Encoding::Binary;
    const SharedBlock* found = find(binary);
    block = found != nullptr ? *found : build();
    block.message = block_message(key.encoding, block.message->payload());
  }
  ++counters_.blocks_built;
  keep(key, block);
  return block;
}

const SharedBlock* FrameCache::find(const Key& key) const {
  const auto found = blocks_.find(key);
  return found == blocks_.end() ? nullptr : &found->second;
}

SharedBlock FrameCache::finish(const BlockWriter& writer, Offset end) {
  Bytes frame;
  frame.reserve(writer.frame_bytes());
  writer.finish(frame);
  return SharedBlock{block_message(Encoding::Binary, frame), end, writer.row_count(), {}};
}

SharedBlock FrameCache::block(const ChannelMirror& mirror, ChannelView& view, Encoding encoding,
                              Offset from, bool states_digest) {
  const ChannelLog& log = mirror.history();
  const Offset end = end_of(log, view, from);
  Key key{view.stream(), mirror.incarnation(), from, end, Key::What::Rows, {}, encoding};
  if (log.kind() == ChannelKind::Signal && from < log.floor()) {
    key.shed_to = log.floor();
  }
  return find_or_build(key, [&] {
    BlockWriter writer(view.stream(), StreamRange{from, end});
    add_rows(log, view.program(), from, end, writer);
    if (states_digest) {
      state_digest(mirror, view, end, writer);
    }
    return finish(writer, end);
  });
}

SharedBlock FrameCache::page(const ChannelMirror& mirror, ChannelView& view, Encoding encoding,
                             Offset from, const Pass& pass) {
  const auto what = pass.sweeps ? Key::What::Records : Key::What::Changes;
  return find_or_build(
      Key{view.stream(), mirror.incarnation(), from, pass.to, what, pass.after, encoding}, [&] {
        BlockWriter writer(view.stream(), StreamRange{from, pass.to});
        writer.set_records();
        std::string last =
            add_records(mirror.history().records(), view.program(), from, pass, writer);
        writer.set_more(!last.empty());
        if (last.empty()) {
          state_digest(mirror, view, pass.to, writer);
        }
        if (pass.sweeps) {
          writer.set_sweep(pass.after, last, mirror.history().top());
        }
        SharedBlock block = finish(writer, pass.to);
        block.last_key = std::move(last);
        return block;
      });
}

void FrameCache::keep(const Key& key, const SharedBlock& block) {
  blocks_.emplace(key, block);
  order_.push_back(key);
  bytes_ += block.message->framed().size();
  while (order_.size() > limits::frame_cache_entries_max ||
         bytes_ > limits::frame_cache_bytes_max) {
    const auto oldest = blocks_.find(order_.front());
    bytes_ -= oldest->second.message->framed().size();
    blocks_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace tidegate::relay
