#include "edge/relay/channel_log.h"

#include <algorithm>
#include <utility>

namespace tidegate::relay {

std::size_t ChannelLog::bytes_of(const Publication& publication) {
  constexpr std::size_t kRowCost = 96;  // the row on the wire, and what an entry costs in memory
  return kRowCost + publication.payload.size() + publication.event.size() +
         publication.event_id.size() + publication.key.size();
}

std::size_t ChannelLog::first_beyond(Offset offset) const {
  const auto found =
      std::partition_point(entries_.begin(), entries_.end(),
                           [offset](const Entry& entry) { return entry.range.offset <= offset; });
  return static_cast<std::size_t>(found - entries_.begin());
}

Offset ChannelLog::start_of_latest(std::uint32_t count) const {
  if (count == 0) {
    return top_;
  }
  if (count >= publication_count()) {
    return floor_;
  }
  const std::uint64_t target = publications_ever_ - count;
  auto entry = std::partition_point(entries_.begin(), entries_.end(), [target](const Entry& one) {
    return one.publications_before < target;
  });
  while (entry->publication == nullptr) {
    ++entry;  // covers before it count as many
  }
  return entry->range.previous;
}

std::optional<WallTime> ChannelLog::next_expiry() const {
  // Neighbouring covers are one entry, so the oldest publication is the first entry or the second.
  for (const Entry& entry : entries_) {
    if (entry.publication != nullptr) {
      return entry.publication->time +
             std::chrono::duration_cast<std::chrono::milliseconds>(limits_.age);
    }
  }
  return std::nullopt;
}

void ChannelLog::restart(Epoch epoch, Offset floor) {
  epoch_ = std::move(epoch);
  floor_ = floor;
  top_ = floor;
  entries_.clear();
}

void ChannelLog::append(StreamRange range, PublicationPtr publication) {
  TIDEGATE_CHECK(range.previous == top_ && range.previous < range.offset);
  top_ = range.offset;
  if (publication == nullptr) {
    if (!entries_.empty() && entries_.back().publication == nullptr) {
      entries_.back().range.offset = range.offset;
    } else {
      entries_.push_back(Entry{range, nullptr, bytes_ever_, publications_ever_});
    }
    return;
  }
  const std::size_t bytes = bytes_of(*publication);
  entries_.push_back(Entry{range, std::move(publication), bytes_ever_, publications_ever_});
  ++publications_ever_;
  bytes_ever_ += bytes;
}

bool ChannelLog::exceeds(WallTime now) const {
  if (publication_count() > limits_.count || bytes() > limits_.bytes) {
    return true;
  }
  const std::optional<WallTime> expiry = next_expiry();
  return expiry.has_value() && *expiry <= now;
}

bool ChannelLog::enforce(WallTime now, Offset keep_beyond) {
  const Offset floor_before = floor_;
  while (exceeds(now)) {
    const bool still_to_be_read = entries_.front().range.offset > keep_beyond;
    if (still_to_be_read && publication_count() <= limits_.count + limits::mirror_lag_entries_max &&
        bytes() <= limits_.bytes + limits::mirror_lag_bytes_max) {
      break;
    }
    drop_oldest();
  }
  return floor_ != floor_before;
}

void ChannelLog::drop_oldest() {
  floor_ = entries_.front().range.offset;
  entries_.pop_front();
}

}  // namespace tidegate::relay
