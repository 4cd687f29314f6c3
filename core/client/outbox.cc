#include "core/client/outbox.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/client/timer_table.h"
#include "core/merge/shallow_merge.h"
#include "core/protocol/frame_encoder.h"

namespace tidegate {

Result<RequestId> Outbox::publish(Now now, const ChannelName& channel, PublicationDraft draft) {
  if (channel.empty()) {
    return Error{ErrorCode::InvalidChannel, "the channel name is empty", 0};
  }
  Status checked = check_draft(draft);
  if (checked.ok() && draft.operation == Operation::Merge) {
    checked = check_merge(as_text(draft.payload));
  }
  if (!checked.ok()) {
    return checked.error();
  }
  // A lower bound of the frame's size, so that a full outbox refuses before it encodes.
  if (pending_ >= output_.options.outbox_commands_max ||
      bytes_ + draft.payload.size() > limits::outbox_bytes_max) {
    return Error{ErrorCode::QueueFull,
                 "too many publishes wait for their acknowledgement; publish this one later", 0};
  }
  Entry entry;
  entry.request = output_.next_request();
  entry.deadline = now.monotonic + output_.options.publish_timeout;
  entry.channel = channel;
  if (draft.idempotency_key.empty()) {
    draft.idempotency_key = output_.options.session_id + ":" +
                            std::to_string(static_cast<std::uint32_t>(entry.request));
  }
  encode(PublishFrame{entry.request, channel, std::move(draft)}, entry.frame);
  const RequestId request = entry.request;
  bytes_ += entry.frame.size();
  ++pending_;
  ++queued_;
  entries_.push_back(std::move(entry));
  send_queued(now);
  return request;
}

// ---- the connection

void Outbox::handle_welcome(Now now, std::size_t message_bytes_max) {
  message_bytes_max_ = message_bytes_max;
  send_queued(now);
}

void Outbox::handle_interruption() {
  message_bytes_max_ = 0;
  next_retry_.reset();
  for (std::size_t i = head_; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.stage == Stage::Sent) {
      entry.stage = Stage::Queued;
      ++queued_;
    }
    entry.not_before = Instant::min();
  }
}

void Outbox::handle_failure(const Error& reason) {
  for (std::size_t i = head_; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.stage == Stage::Settled) {
      continue;
    }
    fail(entry, entry.unanswered > 0
                    ? Error{ErrorCode::OutcomeUnknown,
                            "the connection ended for good before this was acknowledged; it may "
                            "have happened: repeat it with the same idempotency key. " +
                                reason.message,
                            0}
                    : reason);
  }
  forget_settled();
}

void Outbox::send_queued(Now now) {
  next_retry_.reset();
  if (message_bytes_max_ == 0 || queued_ == 0) {
    return;
  }
  // With one command queued it is the newest one: no need to look at those before it.
  std::size_t i = head_;
  if (queued_ == 1 && entries_.back().stage == Stage::Queued) {
    i = entries_.size() - 1;
  }
  std::vector<const Entry*> held;
  for (; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.stage != Stage::Queued || is_held_back(entry, now.monotonic, held)) {
      continue;
    }
    if (entry.frame.size() > message_bytes_max_) {
      fail(entry, Error{ErrorCode::PayloadTooLarge, "larger than this relay accepts", 0});
      continue;
    }
    entry.stage = Stage::Sent;
    ++entry.unanswered;
    --queued_;
    output_.batcher.add_encoded(now, entry.frame);
  }
  forget_settled();
}

/// Waits for its turn, or behind another one of its channel that does.
bool Outbox::is_held_back(const Entry& entry, Instant now, std::vector<const Entry*>& held) {
  if (entry.not_before > now) {
    next_retry_ = earlier(next_retry_, entry.not_before);
    held.push_back(&entry);
    return true;
  }
  return std::any_of(held.begin(), held.end(),
                     [&](const Entry* other) { return other->channel == entry.channel; });
}

// ---- answers

void Outbox::handle_acknowledged(const PublishAckFrame& frame) {
  Entry* entry = find(frame.request);
  if (entry == nullptr) {
    return;  // acknowledged after its time was over
  }
  settle(*entry);
  output_.events.push(PublishAcknowledged{frame.request, frame.outcome, frame.position});
  forget_settled();
}

void Outbox::handle_conflict(PublishConflictFrame frame) {
  Entry* entry = find(frame.request);
  if (entry == nullptr) {
    return;
  }
  settle(*entry);
  output_.events.push(PublishConflicted{frame.request, frame.version, frame.payload_kind,
                                        std::move(frame.payload)});
  forget_settled();
}

RefusalVerdict Outbox::handle_refused(Now now, const RefusedFrame& frame) {
  Entry* entry = find(frame.request);
  if (entry == nullptr || entry->stage != Stage::Sent) {
    return RefusalVerdict::NotMine;
  }
  if (frame.error.code != ErrorCode::OutcomeUnknown && frame.error.code != ErrorCode::Timeout) {
    --entry->unanswered;  // it did not happen, by this sending
  }
  if (asks_for_token(frame.error.code)) {
    return RefusalVerdict::RenewToken;
  }
  if (!is_temporary(frame.error.code)) {
    fail(*entry, frame.error);
    forget_settled();
    return RefusalVerdict::Settled;
  }
  const Duration delay = refusal_delay(output_, frame.error, entry->refusals++);
  entry->stage = Stage::Queued;
  entry->not_before = now.monotonic + delay;
  ++queued_;
  next_retry_ = earlier(next_retry_, entry->not_before);
  return RefusalVerdict::Settled;
}

// ---- time

void Outbox::handle_timeout(Now now) {
  while (head_ < entries_.size() && entries_[head_].deadline <= now.monotonic) {
    Entry& entry = entries_[head_];
    fail(entry, entry.unanswered > 0
                    ? Error{ErrorCode::OutcomeUnknown,
                            "not acknowledged within publish_timeout; it may have happened: "
                            "repeat it with the same idempotency key",
                            0}
                    : Error{ErrorCode::Timeout,
                            "not accepted within publish_timeout: there was no connection, or the "
                            "relay had no room; nothing has happened, repeat it later",
                            0});
    forget_settled();
  }
  send_queued(now);
}

std::optional<Instant> Outbox::next_deadline() const {
  if (head_ == entries_.size()) {
    return std::nullopt;
  }
  return earlier(entries_[head_].deadline, next_retry_);
}

// ---- the list

Outbox::Entry* Outbox::find(RequestId request) {
  const auto at =
      std::lower_bound(entries_.begin() + static_cast<std::ptrdiff_t>(head_), entries_.end(),
                       request, [](const Entry& a, RequestId b) { return a.request < b; });
  const bool found = at != entries_.end() && at->request == request && at->stage != Stage::Settled;
  return found ? &*at : nullptr;
}

void Outbox::settle(Entry& entry) {
  queued_ -= entry.stage == Stage::Queued ? 1 : 0;
  --pending_;
  bytes_ -= entry.frame.size();
  entry.stage = Stage::Settled;
  entry.frame = Bytes();
}

void Outbox::fail(Entry& entry, Error error) {
  settle(entry);
  output_.events.push(PublishFailed{entry.request, std::move(error)});
}

/// Moves the list's contents only once in a while, so that settling costs a constant on average.
void Outbox::forget_settled() {
  while (head_ < entries_.size() && entries_[head_].stage == Stage::Settled) {
    ++head_;
  }
  if (head_ * 2 > entries_.size()) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

}  // namespace tidegate
