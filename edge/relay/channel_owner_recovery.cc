// Opening a channel's stream, loading what the store holds of it, and reading back after an append
// whose outcome is unknown. The three are one thing: read on from the last applied position until
// the store's top, apply what is found, and only then append again.
#include <algorithm>
#include <utility>

#include "edge/relay/channel_owner.h"

namespace tidegate::relay {

void ChannelOwner::open(Now now) {
  const EffectId id = context_.next_effect_id();
  state_ = Opening{id, now.monotonic + limits::append_timeout};
  context_.emit(StoreOpen{id, key_});
}

void ChannelOwner::handle_opened(Now now, EffectId id, const Result<StoreOpened>& result) {
  const auto* opening = std::get_if<Opening>(&state_);
  if (opening == nullptr || opening->id != id) {
    return;
  }
  if (!result.ok()) {
    retry_later(now, result.error().message);
    return;
  }
  const StoreOpened& opened = *result;
  const bool same_stream = opened.top.epoch == log_.epoch();
  if (same_stream && opened.top.offset < log_.top()) {
    // What was durable is gone. Going on would give offsets a second time.
    retry_later(now, "the store's stream ends before what was already applied");
    return;
  }
  if (!same_stream || opened.floor > log_.top()) {
    if (!log_.epoch().empty()) {
      context_.log(LogLevel::Warning, "the stream of " + key_->channel.str() +
                                          " is another one now: its readers begin anew");
    }
    serving_ = false;
    if (log_.kind() == ChannelKind::State && opened.floor > Offset{}) {
      read_records(now, opened, {});
      return;
    }
    load(now, opened);
  }
  if (opened.top.offset == log_.top()) {
    become_ready(now);
  } else {
    read_on(now);
  }
}

/// Begins the log at the store's floor.
void ChannelOwner::load(Now, const StoreOpened& opened) {
  log_.restart(opened.top.epoch, opened.floor);
  if (log_.kind() == ChannelKind::Log) {
    log_.load_source_version(opened.source_version);
  }
  const bool was_appended_to = opened.top.offset > Offset{};
  if (standing_ != Standing::None || (is_listed_ && was_appended_to)) {
    standing_ = Standing::Unknown;
  }
  window_.clear();
  for (const RememberedKeys& keys : opened.remembered) {
    remember(keys, window_);
  }
  trimmed_to_ = opened.floor;
  for (Reader& reader : readers_) {
    reader.has = opened.floor;
  }
}

void ChannelOwner::read_records(Now now, StoreOpened opened, std::vector<RecordVersion> so_far) {
  const EffectId id = context_.next_effect_id();
  std::string after_key = so_far.empty() ? std::string() : so_far.back().record->key;
  state_ = ReadingRecords{id, now.monotonic + limits::append_timeout, std::move(opened),
                          std::move(so_far)};
  context_.emit(StoreReadRecords{id, key_, std::move(after_key), limits::append_batch_entries_max});
}

void ChannelOwner::handle_records_result(Now now, EffectId id,
                                         const Result<StoreRecordsResult>& result) {
  auto* reading = std::get_if<ReadingRecords>(&state_);
  if (reading == nullptr || reading->id != id) {
    return;
  }
  if (!result.ok()) {
    retry_later(now, result.error().message);
    return;
  }
  StoreOpened opened = std::move(reading->opened);
  std::vector<RecordVersion> records = std::move(reading->records);
  if (result->floor != StreamPosition{opened.top.epoch, opened.floor}) {
    open(now);  // trimmed or replaced meanwhile
    return;
  }
  records.insert(records.end(), result->records.begin(), result->records.end());
  if (result->more) {
    read_records(now, std::move(opened), std::move(records));
    return;
  }
  load(now, opened);
  log_.load_records(std::move(records), opened.changes_floor);
  if (opened.top.offset == log_.top()) {
    become_ready(now);
  } else {
    read_on(now);
  }
}

void ChannelOwner::read_on(Now now) {
  const EffectId id = context_.next_effect_id();
  state_ = Reading{id, now.monotonic + limits::append_timeout};
  context_.emit(StoreRead{id, key_, log_.position(), limits::append_batch_entries_max});
}

void ChannelOwner::handle_read_result(Now now, EffectId id, const Result<StoreReadResult>& result) {
  const auto* reading = std::get_if<Reading>(&state_);
  if (reading == nullptr || reading->id != id) {
    return;
  }
  if (!result.ok()) {
    retry_later(now, result.error().message);
    return;
  }
  if (result->top.epoch != log_.epoch() || result->top.offset < log_.top()) {
    open(now);  // says what the stream is now
    return;
  }
  for (const AppendedRecord& found : result->records) {
    if (!apply_found(found)) {
      retry_later(now, "the store's records do not continue what was applied");
      return;
    }
  }
  if (log_.top() >= result->top.offset) {
    become_ready(now);
  } else if (result->records.empty()) {
    retry_later(now, "the store has less than it says");
  } else {
    if (serving_) {
      answer_pulls();
    }
    enforce_history(now);
    read_on(now);
  }
}

bool ChannelOwner::apply_found(const AppendedRecord& found) {
  if (found.range.offset <= log_.top()) {
    return true;
  }
  if (found.range.previous != log_.top()) {
    return false;
  }
  const auto proposal =
      std::find_if(queue_.begin(), queue_.end(), [&found](const Proposal& candidate) {
        return candidate.stage == Proposal::Stage::Queued ||
               candidate.record->id == found.record->id;
      });
  // Queued ones stand behind all that were proposed: meeting one means there is no such proposal.
  if (proposal == queue_.end() || proposal->stage == Proposal::Stage::Queued) {
    apply_record(found.range, *found.record, nullptr);
    return true;
  }
  apply_record(found.range, *found.record, &*proposal);
  queue_.erase(proposal);
  return true;
}

void ChannelOwner::become_ready(Now now) {
  state_ = Ready{};
  serving_ = true;
  retry_delay_.reset();
  std::erase_if(queue_, [](const Proposal& proposal) {
    return proposal.stage == Proposal::Stage::Abandoned;
  });
  if (key_->channel.is_directory() && !walk_.has_value()) {
    walk_ = ListingWalk{{}, 0, now.monotonic};
  }
  after_apply(now);
}

void ChannelOwner::retry_later(Now now, const std::string& why) {
  context_.log(LogLevel::Error, "the store of " + key_->channel.str() + " failed: " + why);
  state_ = Retrying{now.monotonic + retry_delay_.next()};
  refuse_new_readers(Error{ErrorCode::Unavailable, "the channel's store does not answer; try again",
                           static_cast<std::uint32_t>(1000)});
}

void ChannelOwner::refuse_new_readers(const Error& error) {
  // Mirrors that hold something keep it and wait; those that hold nothing would keep clients
  // waiting.
  for (std::size_t shard = 0; shard < readers_.size(); ++shard) {
    Reader& reader = readers_[shard];
    if (reader.pull.has_value() && !reader.pull->after.has_value()) {
      context_.send(static_cast<std::uint16_t>(shard),
                    MirrorRefused{key_, reader.generation, error});
      reader = Reader{};
    }
  }
}

}  // namespace tidegate::relay
