#include "edge/relay/channel_log.h"

#include <algorithm>
#include <utility>

namespace tidegate::relay {

std::size_t ChannelLog::bytes_of(const Publication& publication) {
  constexpr std::size_t kRowCost = 96;  // the row on the wire, and what an entry costs in memory
  return kRowCost + publication.payload.size() + publication.event.size() +
         publication.event_id.size() + publication.key.size();
}

ChannelLog::ChannelLog(const HistoryLimits& limits, ChannelKind kind)
    : limits_(limits), kind_(kind) {
  if (kind == ChannelKind::State) {
    records_ = std::make_unique<RecordMap>(limits.deletes);
  }
}

const SourceVersion* ChannelLog::latest_source_version(std::string_view key) const {
  const std::optional<SourceVersion>* latest = &source_version_;
  if (records_ != nullptr) {
    const RecordMap::Node* node = records_->find(key);
    if (node == nullptr) {
      return nullptr;
    }
    latest = &node->record->source_version;
  }
  return latest->has_value() ? &**latest : nullptr;
}

std::size_t ChannelLog::bytes_beyond(Offset offset, Measure measure) const {
  const std::size_t first = first_beyond(offset);
  return first == entries_.size()
             ? 0
             : size_from(entries_[first].bytes_before(measure),
                         measure == Measure::Whole ? whole_ever_ : published_ever_);
}

std::size_t ChannelLog::first_beyond(Offset offset) const {
  const auto found =
      std::partition_point(entries_.begin(), entries_.end(),
                           [offset](const Entry& entry) { return entry.range().offset <= offset; });
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
  while (entry->publication() == nullptr) {
    ++entry;  // covers before it count as many
  }
  return entry->range().previous;
}

std::optional<WallTime> ChannelLog::next_expiry() const {
  // Neighbouring covers are one entry, so the oldest publication is the first entry or the second.
  for (const Entry& entry : entries_) {
    if (entry.publication() != nullptr) {
      return entry.publication()->time +
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
  dropped_records_.clear();
  remembered_.clear();
  source_version_.reset();
  floor_version_.reset();
  if (records_ != nullptr) {
    records_->clear(floor);
  }
  floor_changes_floor_ = floor;
}

void ChannelLog::load_records(std::vector<RecordVersion> records, Offset changes_floor) {
  records_->load(std::move(records), changes_floor);
  floor_changes_floor_ = records_->changes_floor();
}

void ChannelLog::load_source_version(std::optional<SourceVersion> version) {
  TIDEGATE_CHECK(entries_.empty());
  source_version_ = version;
  floor_version_ = std::move(version);
}

void ChannelLog::append(LogEntry entry) {
  TIDEGATE_CHECK(entry.range.previous == top_ && entry.range.previous < entry.range.offset);
  top_ = entry.range.offset;
  if (entry.publication == nullptr) {
    if (!entries_.empty() && entries_.back().publication() == nullptr) {
      entries_.back().entry.range.offset = entry.range.offset;
    } else {
      add(std::move(entry));
    }
    return;
  }
  if (records_ != nullptr) {
    // A delete is its own tombstone.
    records_->put(entry.range.offset, entry.after != nullptr ? entry.after : entry.publication);
  } else if (entry.publication->source_version.has_value()) {
    source_version_ = entry.publication->source_version;
  }
  const std::size_t published = bytes_of(*entry.publication);
  const std::size_t whole =
      entry.after == nullptr ? published : std::max(published, bytes_of(*entry.after));
  add(std::move(entry));
  ++publications_ever_;
  published_ever_ += published;
  whole_ever_ += whole;
}

void ChannelLog::add(LogEntry entry) {
  const Offset changes_floor = records_ == nullptr ? Offset{} : records_->changes_floor();
  entries_.push_back(
      Entry{std::move(entry), published_ever_, whole_ever_, publications_ever_, changes_floor});
}

bool ChannelLog::exceeds(WallTime now) const {
  return publication_count() > limits_.count || bytes() > limits_.bytes || is_too_old(now);
}

bool ChannelLog::is_too_old(WallTime now) const {
  const std::optional<WallTime> expiry = next_expiry();
  return expiry.has_value() && *expiry <= now;
}

bool ChannelLog::enforce(WallTime now, Offset keep_beyond) {
  const Offset floor_before = floor_;
  while (exceeds(now)) {
    const bool still_to_be_read = entries_.front().range().offset > keep_beyond;
    const bool may_wait = kind_ != ChannelKind::Signal || !is_too_old(now);
    if (still_to_be_read && may_wait &&
        publication_count() <= limits_.count + limits::mirror_lag_entries_max &&
        bytes() <= limits_.bytes + limits::mirror_lag_bytes_max) {
      break;
    }
    drop_oldest();
  }
  return floor_ != floor_before;
}

void ChannelLog::drop_covers() {
  TIDEGATE_CHECK(publication_count() == 0);
  while (!entries_.empty()) {
    drop_oldest();
  }
}

void ChannelLog::drop_oldest() {
  const LogEntry& oldest = entries_.front().entry;
  floor_ = oldest.range.offset;
  floor_changes_floor_ = entries_.front().changes_floor;
  if (records_ == nullptr && oldest.publication != nullptr &&
      oldest.publication->source_version.has_value()) {
    floor_version_ = oldest.publication->source_version;
  }
  if (collects_ && oldest.publication != nullptr && records_ != nullptr) {
    dropped_records_[oldest.publication->key] = RecordVersion{
        oldest.range.offset, oldest.after != nullptr ? oldest.after : oldest.publication};
  }
  entries_.pop_front();
}

void ChannelLog::note_remembered(RememberedPlace place) {
  if (collects_) {
    remembered_.push_back(place);
  }
}

ChannelLog::Dropped ChannelLog::take_dropped() {
  Dropped dropped;
  for (; !remembered_.empty() && remembered_.front().offset <= floor_; remembered_.pop_front()) {
    dropped.remembered.push_back(remembered_.front());
  }
  for (auto& [key, version] : std::exchange(dropped_records_, {})) {
    dropped.records.push_back(std::move(version));
  }
  return dropped;
}

}  // namespace tidegate::relay
