#include "edge/relay/frame_cache.h"

#include <algorithm>

#include "core/protocol/block_writer.h"

namespace tidegate::relay {
namespace {

std::uint64_t segment_of(const ChannelLog::Entry& entry) {
  return entry.bytes_before / limits::block_bytes_target;
}

}  // namespace

// An entry counts 96 bytes at least (ChannelLog::bytes_of), so no segment has more rows or event
// names than a block may have.
static_assert(limits::block_bytes_target / 96 + 1 < limits::block_rows_max);
static_assert(limits::block_bytes_target / 96 + 1 < limits::block_event_names_max);

Offset FrameCache::end_of(const ChannelLog& log, Offset from) {
  const std::size_t first = log.first_beyond(from);
  const std::uint64_t segment = segment_of(log.entry(first));
  if (segment_of(log.entry(log.size() - 1)) == segment) {
    return log.top();
  }
  std::size_t low = first;
  std::size_t high = log.size() - 1;  // the last is beyond the segment: find the first that is
  while (low + 1 < high) {
    const std::size_t middle = low + (high - low) / 2;
    (segment_of(log.entry(middle)) == segment ? low : high) = middle;
  }
  return log.entry(low).range.offset;
}

SharedBlock FrameCache::block(const ChannelMirror& mirror, Offset from) {
  const Key key{mirror.stream(), from, end_of(mirror.history(), from)};
  const auto found = blocks_.find(key);
  if (found != blocks_.end()) {
    ++counters_.blocks_shared;
    return found->second;
  }
  const SharedBlock block = build(mirror, from, key.end);
  keep(key, block);
  return block;
}

SharedBlock FrameCache::build(const ChannelMirror& mirror, Offset from, Offset end) {
  const ChannelLog& log = mirror.history();
  BlockWriter writer(mirror.stream(), StreamRange{from, end});
  for (std::size_t index = log.first_beyond(from); index < log.size(); ++index) {
    const ChannelLog::Entry& entry = log.entry(index);
    if (entry.range.offset > end) {
      break;
    }
    if (entry.publication != nullptr) {
      writer.add(entry.range.offset, *entry.publication);
    }
  }
  Bytes frame;
  frame.reserve(writer.frame_bytes());
  writer.finish(frame);
  ++counters_.blocks_built;
  return SharedBlock{SharedMessage::binary(frame), end, writer.row_count()};
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
