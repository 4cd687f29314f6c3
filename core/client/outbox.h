// Publishes that are not acknowledged yet, in the order in which they were made. Each stays here,
// encoded once, with one idempotency key, until the relay has acknowledged or refused it or its
// time is over; whatever is unacknowledged when a connection ends is sent again on the next. So a
// publish happens at least once by repetition and at most once by its key. Nothing is ever dropped
// silently: what ends without an answer ends as OutcomeUnknown when it may have happened, and as
// Timeout when it cannot have.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/client/refusal.h"
#include "core/client/session_output.h"
#include "core/protocol/frame.h"

namespace tidegate {

class Outbox {
 public:
  explicit Outbox(SessionOutput& output) : output_(output) {}

  /// QueueFull over limits::outbox_bytes_max or options.outbox_commands_max; the errors of
  /// check_draft and check_merge.
  Result<RequestId> publish(Now now, const ChannelName& channel, PublicationDraft draft);

  /// `message_bytes_max`: the largest message this relay accepts.
  void handle_welcome(Now now, std::size_t message_bytes_max);
  void handle_interruption();
  /// The session has failed: what cannot have happened ends with `reason`, the rest as
  /// OutcomeUnknown.
  void handle_failure(const Error& reason);
  void handle_acknowledged(const PublishAckFrame& frame);
  void handle_conflict(PublishConflictFrame frame);
  RefusalVerdict handle_refused(Now now, const RefusedFrame& frame);
  void handle_timeout(Now now);

  std::size_t size() const { return pending_; }
  std::size_t bytes() const { return bytes_; }
  /// Never later than the earliest deadline.
  std::optional<Instant> next_deadline() const;

 private:
  enum class Stage : std::uint8_t { Queued, Sent, Settled };
  struct Entry {
    RequestId request = RequestId::None;
    Stage stage = Stage::Queued;
    std::uint32_t unanswered = 0;  // sendings of which nobody said what became of them
    std::uint32_t refusals = 0;
    Instant deadline;
    Instant not_before = Instant::min();  // while queued
    ChannelName channel;
    Bytes frame;
  };

  Entry* find(RequestId request);
  void send_queued(Now now);
  bool is_held_back(const Entry& entry, Instant now, std::vector<const Entry*>& held);
  void settle(Entry& entry);
  void fail(Entry& entry, Error error);
  void forget_settled();

  SessionOutput& output_;
  std::size_t message_bytes_max_ = 0;  // 0: no connection
  std::vector<Entry> entries_;         // ascending requests and deadlines; settled ones linger
  std::size_t head_ = 0;               // the first entry that is not settled
  std::size_t pending_ = 0;
  std::size_t queued_ = 0;
  std::size_t bytes_ = 0;
  std::optional<Instant> next_retry_;
};

}  // namespace tidegate
