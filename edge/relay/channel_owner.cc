// Publishing: from the queue to the store, and from the store to everybody.
#include "edge/relay/channel_owner.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tidegate::relay {
namespace {

Error version_mismatch(const RecordVersion& current) {
  auto record = std::make_shared<CurrentRecord>();
  std::string message = "there is no such record; publish with if_version 0 to create it";
  if (current.record != nullptr) {
    record->version = current.version.value;
    record->is_binary = current.record->payload_kind == PayloadKind::Binary;
    record->payload = as_text(current.record->payload);
    message = "the record's version is " + std::to_string(current.version.value) +
              ": publish anew on the basis of what it is now";
  }
  return Error{ErrorCode::VersionMismatch, std::move(message), 0, std::move(record)};
}

}  // namespace

ChannelOwner::ChannelOwner(ShardContext& context, ChannelKeyPtr key, const Namespace& rules,
                           Now now)
    : context_(context),
      key_(std::move(key)),
      log_(rules.history_limits(), rules.kind),
      window_(context.config().idempotency_window_entries, context.config().idempotency_window_age,
              context.options.incarnation),
      record_ttl_(rules.record_ttl),
      is_listed_(rules.listed),
      readers_(context.options.shard_count),
      trimmed_at_(now.monotonic) {
  if (log_.kind() == ChannelKind::Signal) {
    log_.restart(context.next_signal_epoch(), Offset{});
    serving_ = true;
    return;
  }
  log_.collect_dropped();
  open(now);
}

void ChannelOwner::reconfigure(Now now, const Namespace& rules) {
  TIDEGATE_CHECK(rules.kind == log_.kind());
  log_.set_limits(rules.history_limits());
  window_.set_bounds(context_.config().idempotency_window_entries,
                     context_.config().idempotency_window_age);
  record_ttl_ = rules.record_ttl;
  is_listed_ = rules.listed;
  restart_walk(now);
  if (serving_) {
    enforce_history(now);
  }
}

EffectId ChannelOwner::awaited() const {
  if (const auto* opening = std::get_if<Opening>(&state_)) {
    return opening->id;
  }
  if (const auto* records = std::get_if<ReadingRecords>(&state_)) {
    return records->id;
  }
  if (const auto* reading = std::get_if<Reading>(&state_)) {
    return reading->id;
  }
  if (const auto* listing = std::get_if<Listing>(&state_)) {
    return listing->id;
  }
  const auto* appending = std::get_if<Appending>(&state_);
  return appending == nullptr ? EffectId::None : appending->id;
}

std::optional<Instant> ChannelOwner::deadline() const {
  std::optional<Instant> earliest;
  const auto consider = [&earliest](std::optional<Instant> at) {
    if (at.has_value() && (!earliest.has_value() || *at < *earliest)) {
      earliest = at;
    }
  };
  if (const auto* opening = std::get_if<Opening>(&state_)) {
    consider(opening->deadline);
  } else if (const auto* records = std::get_if<ReadingRecords>(&state_)) {
    consider(records->deadline);
  } else if (const auto* reading = std::get_if<Reading>(&state_)) {
    consider(reading->deadline);
  } else if (const auto* appending = std::get_if<Appending>(&state_)) {
    consider(appending->deadline);
  } else if (const auto* retrying = std::get_if<Retrying>(&state_)) {
    consider(retrying->at);
  } else if (const auto* listing = std::get_if<Listing>(&state_)) {
    consider(listing->deadline);
  }
  for (const Proposal& proposal : queue_) {
    if (proposal.ticket.has_value() && proposal.stage != Proposal::Stage::Abandoned) {
      consider(proposal.deadline);  // in order of arrival, so the first is the earliest
      break;
    }
  }
  if (log_.floor() != trimmed_to_ && log_.kind() != ChannelKind::Signal) {
    consider(trimmed_at_ + limits::store_trim_interval_min);
  }
  if (walk_.has_value()) {
    consider(walk_->at);
  }
  if (propose_at_.has_value() && std::holds_alternative<Ready>(state_) && !queue_.empty()) {
    consider(*propose_at_);
  }
  consider(expiry_at_);
  consider(idle_at_);
  return earliest;
}

void ChannelOwner::handle_submit(Now now, std::uint16_t from, PublishSubmit submit) {
  idle_at_.reset();
  if (queue_.size() >= limits::append_queue_entries_max) {
    context_.send(from, PublishSettled{submit.ticket,
                                       Error{ErrorCode::Busy,
                                             "too many publishes wait for this channel "
                                             "(append_queue_entries_max); repeat a little later",
                                             static_cast<std::uint32_t>(100)}});
    return;
  }
  Proposal proposal;
  proposal.from = from;
  proposal.ticket = submit.ticket;
  proposal.record = std::move(submit.record);
  proposal.deadline = now.monotonic + limits::publish_deadline;
  queue_.push_back(std::move(proposal));
}

void ChannelOwner::propose(Now now) {
  if (!std::holds_alternative<Ready>(state_)) {
    return;
  }
  if (key_->channel.is_directory() && drop_needless_unlistings()) {
    note_idleness(now);
  }
  if (queue_.empty() || (propose_at_.has_value() && now.monotonic < *propose_at_)) {
    return;
  }
  propose_at_.reset();
  if (is_listed_ && standing_ != Standing::Listed) {
    list(now, Offset{});
    return;
  }
  if (log_.kind() == ChannelKind::Signal) {
    apply_at_once(now);
    return;
  }
  StoreAppend append;
  append.id = context_.next_effect_id();
  append.key = key_;
  append.expected_top = log_.position();
  const std::size_t count = std::min(queue_.size(), limits::append_batch_entries_max);
  append.records.reserve(count);
  for (std::size_t index = 0; index < count; ++index) {
    Proposal& proposal = queue_[index];
    if (proposal.stage == Proposal::Stage::Queued) {
      auto named = std::make_shared<LogRecord>(*proposal.record);
      named->id = context_.next_append_id();
      proposal.record = std::move(named);
      proposal.stage = Proposal::Stage::Proposed;
    }
    append.records.push_back(proposal.record);
  }
  state_ = Appending{append.id, now.monotonic + limits::append_timeout, count};
  context_.emit(std::move(append));
}

/// What is of the moment waits for no store.
void ChannelOwner::apply_at_once(Now now) {
  for (Proposal& proposal : std::exchange(queue_, {})) {
    apply_record({log_.top(), Offset{log_.top().value + 1}}, *proposal.record, &proposal);
  }
  after_apply(now);
}

void ChannelOwner::handle_append_result(Now now, EffectId id, const AppendResult& result) {
  const auto* appending = std::get_if<Appending>(&state_);
  if (appending == nullptr || appending->id != id) {
    return;
  }
  const std::size_t count = appending->count;
  if (const auto* durable = std::get_if<AppendDurable>(&result)) {
    handle_durable(now, count, *durable);
  } else if (const auto* refused = std::get_if<AppendRefused>(&result)) {
    state_ = Ready{};
    note_known();
    handle_refused(count, refused->error);
    propose(now);
    note_idleness(now);
  } else {
    handle_unknown(now);
  }
}

/// Reading back tells what has become of it. What is absent is proposed again: at once the first
/// time, for it may have been a moment's trouble, and then ever more rarely.
void ChannelOwner::handle_unknown(Now now) {
  ++context_.counters.appends_unknown;
  if (std::exchange(was_unknown_, true)) {
    propose_at_ = now.monotonic + propose_delay_.next();
  }
  read_on(now);
}

void ChannelOwner::note_known() {
  was_unknown_ = false;
  propose_delay_.reset();
}

void ChannelOwner::handle_durable(Now now, std::size_t count, const AppendDurable& durable) {
  bool continuous = durable.ranges.size() == count;
  Offset top = log_.top();
  for (const StreamRange& range : durable.ranges) {
    continuous = continuous && range.previous == top && range.previous < range.offset;
    top = range.offset;
  }
  if (!continuous) {
    context_.log(LogLevel::Error, "the store gave offsets that do not continue " +
                                      key_->channel.str() + ": reading the log back");
    handle_unknown(now);
    return;
  }
  state_ = Ready{};
  note_known();
  for (const StreamRange& range : durable.ranges) {
    const Proposal proposal = std::move(queue_.front());
    queue_.pop_front();
    apply_record(range, *proposal.record, &proposal);
  }
  after_apply(now);
}

void ChannelOwner::handle_refused(std::size_t count, const Error& error) {
  context_.log(LogLevel::Warning,
               "nothing can be appended to " + key_->channel.str() + ": " + error.message);
  for (; count > 0; --count) {
    const Proposal proposal = std::move(queue_.front());
    queue_.pop_front();
    ++context_.counters.publishes_refused;
    settle(proposal, error);
  }
}

bool ChannelOwner::apply_record(StreamRange range, const LogRecord& record,
                                const Proposal* proposal) {
  const Verdict verdict = apply(record, range, log_, window_);
  if (proposal != nullptr) {
    settle(*proposal, result_of(verdict, range));
  }
  return std::holds_alternative<Accepted>(verdict);
}

PublishResult ChannelOwner::result_of(const Verdict& verdict, StreamRange range) {
  const auto receipt = [&](std::uint64_t& counter, PublishOutcome outcome, Offset offset) {
    ++counter;
    return PublishReceipt{outcome, {log_.epoch(), offset}};
  };
  RelayCounters& counters = context_.counters;
  if (std::holds_alternative<Accepted>(verdict)) {
    return receipt(counters.publishes_applied, PublishOutcome::Applied, range.offset);
  }
  if (const auto* duplicate = std::get_if<DuplicateOf>(&verdict)) {
    return receipt(counters.publishes_duplicate, PublishOutcome::Duplicate, duplicate->original);
  }
  if (std::holds_alternative<Stale>(verdict)) {
    return receipt(counters.publishes_stale, PublishOutcome::Stale, range.offset);
  }
  ++counters.publishes_refused;
  if (const auto* conflict = std::get_if<Conflict>(&verdict)) {
    return version_mismatch(conflict->current);
  }
  return std::get_if<Refused>(&verdict)->error;
}

void ChannelOwner::settle(const Proposal& proposal, PublishResult result) {
  if (!proposal.ticket.has_value()) {
    --expiring_;
  } else if (proposal.stage != Proposal::Stage::Abandoned) {
    context_.send(proposal.from, PublishSettled{*proposal.ticket, std::move(result)});
  }
}

void ChannelOwner::after_apply(Now now) {
  // Readers first: what they are sent is kept no longer for them. Then the next batch, so that the
  // store works while the shards deliver.
  answer_pulls();
  enforce_history(now);
  propose(now);
  note_idleness(now);
}

void ChannelOwner::expire_proposals(Now now) {
  const auto* appending = std::get_if<Appending>(&state_);
  const std::size_t in_flight = appending == nullptr ? 0 : appending->count;
  std::size_t index = 0;
  while (index < queue_.size()) {
    Proposal& proposal = queue_[index];
    if (!proposal.ticket.has_value()) {
      ++index;  // nobody waits for it, but somebody may for what is behind it
      continue;
    }
    if (proposal.deadline > now.monotonic) {
      break;
    }
    if (proposal.stage == Proposal::Stage::Proposed) {
      settle(proposal, Error{ErrorCode::OutcomeUnknown,
                             "the store did not say in time whether this was appended; repeat it "
                             "with the same idempotency key",
                             0});
    } else {
      settle(proposal,
             Error{ErrorCode::Unavailable,
                   "the channel's store does not answer; nothing was appended, repeat later",
                   static_cast<std::uint32_t>(1000)});
    }
    if (index < in_flight) {
      proposal.stage = Proposal::Stage::Abandoned;  // its record is under way: its place is needed
      ++index;
    } else {
      queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(index));
    }
  }
}

void ChannelOwner::handle_timeout(Now now) {
  if (const auto* opening = std::get_if<Opening>(&state_);
      opening != nullptr && opening->deadline <= now.monotonic) {
    retry_later(now, "the store did not open it in time");
  } else if (const auto* records = std::get_if<ReadingRecords>(&state_);
             records != nullptr && records->deadline <= now.monotonic) {
    retry_later(now, "the store did not read its records in time");
  } else if (const auto* reading = std::get_if<Reading>(&state_);
             reading != nullptr && reading->deadline <= now.monotonic) {
    retry_later(now, "the store did not read it in time");
  } else if (const auto* appending = std::get_if<Appending>(&state_);
             appending != nullptr && appending->deadline <= now.monotonic) {
    handle_unknown(now);
  } else if (const auto* retrying = std::get_if<Retrying>(&state_);
             retrying != nullptr && retrying->at <= now.monotonic) {
    open(now);
  } else if (const auto* listing = std::get_if<Listing>(&state_);
             listing != nullptr && listing->deadline <= now.monotonic) {
    list(now, Offset{});
  }
  expire_proposals(now);
  if (propose_at_.has_value() && *propose_at_ <= now.monotonic) {
    propose(now);
  }
  expire_records(now);
  walk_listings(now);
  enforce_history(now);
  note_idleness(now);
}

}  // namespace tidegate::relay
