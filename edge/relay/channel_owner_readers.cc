// The owner's side of its mirrors, and what it keeps for them: standing pulls are answered when
// there is something to answer; history is trimmed; a channel that nobody uses is let go.
#include <algorithm>
#include <utility>

#include "edge/relay/channel_owner.h"

namespace tidegate::relay {

void ChannelOwner::handle_pull(Now now, std::uint16_t from, const MirrorPull& pull) {
  idle_at_.reset();
  Reader& reader = readers_[from];
  reader.reading = true;
  reader.generation = pull.generation;
  reader.pull = pull;
  const bool same_stream = pull.after.has_value() && pull.after->epoch == log_.epoch();
  reader.has = same_stream ? std::min(pull.after->offset, log_.top()) : log_.floor();
  if (std::holds_alternative<Retrying>(state_) && !serving_) {
    refuse_new_readers(Error{ErrorCode::Unavailable,
                             "the channel's store does not answer; try again",
                             static_cast<std::uint32_t>(1000)});
    note_idleness(now);
    return;
  }
  answer_pulls();
  if (serving_) {
    enforce_history(now);  // what was kept for this reader
  }
}

void ChannelOwner::handle_mirror_close(Now now, std::uint16_t from, const MirrorClose& close) {
  if (readers_[from].generation == close.generation) {
    readers_[from] = Reader{};
    enforce_history(now);
    note_idleness(now);
  }
}

bool ChannelOwner::is_due(const Reader& reader) const {
  if (!reader.pull.has_value()) {
    return false;
  }
  const std::optional<StreamPosition>& after = reader.pull->after;
  return reader.pull->answer_now || !after.has_value() || after->epoch != log_.epoch() ||
         after->offset != log_.top();
}

void ChannelOwner::answer_pulls() {
  if (!serving_) {
    return;
  }
  for (std::size_t shard = 0; shard < readers_.size(); ++shard) {
    if (is_due(readers_[shard])) {
      answer(static_cast<std::uint16_t>(shard), readers_[shard]);
    }
  }
}

void ChannelOwner::answer(std::uint16_t shard, Reader& reader) {
  const std::optional<StreamPosition> after = reader.pull->after;
  reader.pull.reset();
  MirrorBatch batch;
  batch.key = key_;
  batch.generation = reader.generation;
  batch.epoch = log_.epoch();
  batch.top = log_.top();
  batch.restart =
      !after.has_value() || after->epoch != log_.epoch() || !log_.reaches(after->offset);
  batch.range.previous = batch.restart ? log_.floor() : after->offset;
  batch.range.offset = batch.range.previous;
  std::size_t index = log_.first_beyond(batch.range.previous);
  const std::size_t end = std::min(log_.size(), index + limits::mirror_batch_entries_max);
  batch.entries.reserve(end - index);
  for (; index < end; ++index) {
    LogEntry entry = log_.entry(index).entry;
    entry.range.previous = std::max(entry.range.previous, batch.range.offset);
    batch.range.offset = entry.range.offset;
    batch.entries.push_back(std::move(entry));
  }
  if (batch.restart && log_.kind() == ChannelKind::State) {
    batch.records = log_.records().versions();
    batch.changes_floor = log_.records().changes_floor();
  }
  context_.send(shard, std::move(batch));
}

Offset ChannelOwner::slowest_reader() const {
  Offset slowest = log_.top();
  for (const Reader& reader : readers_) {
    if (reader.reading) {
      slowest = std::min(slowest, reader.has);
    }
  }
  return slowest;
}

bool ChannelOwner::has_readers() const {
  return std::any_of(readers_.begin(), readers_.end(),
                     [](const Reader& reader) { return reader.reading; });
}

void ChannelOwner::enforce_history(Now now) {
  log_.enforce(now.wall, slowest_reader());
  std::optional<WallTime> expiry = log_.next_expiry();
  if (const std::optional<WallTime> record = next_record_expiry();
      record.has_value() && (!expiry.has_value() || *record < *expiry)) {
    expiry = record;
  }
  expiry_at_.reset();
  if (expiry.has_value()) {
    // Past already, while a reader still needs it: looked at again after a moment.
    const Duration wait =
        std::max<Duration>(*expiry - now.wall, limits::history_expiry_interval_min);
    expiry_at_ = now.monotonic + wait;
  }
  if (log_.floor() != trimmed_to_ &&
      now.monotonic >= trimmed_at_ + limits::store_trim_interval_min) {
    trimmed_at_ = now.monotonic;
    trim_store();
  }
}

void ChannelOwner::trim_store() {
  if (log_.kind() == ChannelKind::Signal) {
    return;
  }
  trimmed_to_ = log_.floor();
  ChannelLog::Dropped dropped = log_.take_dropped();
  const bool is_state = log_.kind() == ChannelKind::State;
  context_.emit(StoreTrim{key_, trimmed_to_, std::move(dropped.records),
                          is_state ? log_.floor_changes_floor() : trimmed_to_,
                          std::move(dropped.remembered), log_.floor_source_version()});
}

void ChannelOwner::note_idleness(Now now) {
  const bool holds_records = log_.kind() == ChannelKind::State && log_.records().size() > 0;
  const bool idle =
      !has_readers() && queue_.empty() && log_.publication_count() == 0 && !holds_records;
  if (!idle) {
    idle_at_.reset();
  } else if (!idle_at_.has_value() || *idle_at_ <= now.monotonic) {
    idle_at_ = now.monotonic + limits::idle_channel_linger;
  }
}

bool ChannelOwner::is_releasable(Now now) const {
  return is_forgettable(now) && *idle_at_ <= now.monotonic;
}

bool ChannelOwner::is_forgettable(Now now) const {
  return idle_at_.has_value() && window_.is_stale(now.wall);
}

void ChannelOwner::release(Now now) {
  leave_directory(now);
  // What is left are covers. Were they applied again by a later owner, whose window is empty, a
  // duplicate would pass for new: so they are dropped.
  if (log_.kind() == ChannelKind::Signal) {
    return;
  }
  if (log_.top() != trimmed_to_) {
    log_.drop_covers();
    trim_store();
  }
  context_.emit(StoreRelease{key_});
}

}  // namespace tidegate::relay
