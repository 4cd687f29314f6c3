// The channels the application wants, and what has to be said to the relay so that it gets them.
//
// Two rules make races harmless. The stream id in a block decides whom it is for, never the
// channel's name; and the latest `subscribed` of a channel decides its stream, at both ends,
// whether or not the relay gives it the id it had before. So unsubscribe and subscribe may follow
// one another at any pace, whatever answers are under way.
//
// The same channel with another filter is another subscription, here and at the relay. Answers name
// the channel and the request only, so the filters of requests that were given up are remembered,
// the latest of them, as long as the connection lasts.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/client/refusal.h"
#include "core/client/session_output.h"
#include "core/client/subscription.h"
#include "core/protocol/frame.h"

namespace tidegate {

class SubscriptionRegistry {
 public:
  explicit SubscriptionRegistry(SessionOutput& output) : output_(output) {}

  Result<SubscriptionId> subscribe(Now now, const ChannelName& channel,
                                   const SubscribeOptions& options);
  Status unsubscribe(Now now, SubscriptionId id);

  /// Asks for everything that is wanted, behind the hello, as far as it fits into one message.
  void handle_open(Now now);
  /// Asks for the rest; from now on requests leave as they come.
  void handle_welcome(Now now);
  void handle_interruption();
  /// An error means that the relay broke the protocol.
  Status handle_subscribed(Now now, const SubscribedFrame& frame);
  void handle_unsubscribed(Now now, const UnsubscribedFrame& frame);
  RefusalVerdict handle_refused(Now now, const RefusedFrame& frame);
  /// A block did not continue where the subscription is.
  void handle_gap(Now now, Subscription& subscription);
  /// What all records of the client take; over their limits somebody has to end.
  const RecordUse& record_use() const { return record_use_; }
  /// The relay's digest of what is held at `offset`.
  void handle_digest(Now now, Subscription& subscription, std::uint64_t digest, Offset offset);
  /// Ends it for good, and says why to whoever wanted it.
  void end_with(Now now, Subscription& subscription, Error error);
  void handle_timeout(Now now);

  /// Whom the blocks of a stream are for; nullptr when it is not bound.
  Subscription* find_stream(StreamId stream) const;
  const Subscription* find(SubscriptionId id) const;
  std::size_t size() const { return by_id_.size(); }
  /// Never later than the earliest deadline; may be earlier (then handle_timeout finds nothing
  /// due).
  std::optional<Instant> next_deadline() const { return next_deadline_; }

 private:
  struct Binding {
    StreamId stream = StreamId::None;
    Subscription* subscription = nullptr;
  };
  using Owner = std::unique_ptr<Subscription>;

  std::size_t index_of(SubscriptionId id) const;
  std::size_t channel_index_of(const ChannelName& channel, std::string_view filter) const;
  Subscription* find_channel(const ChannelName& channel, std::string_view filter) const;
  /// All of a channel, whatever their filters.
  std::span<Subscription* const> all_of(const ChannelName& channel) const;
  /// Whose answer it is; nullptr when it is nobody's, or that cannot be told.
  Subscription* addressee(const SubscribedFrame& frame) const;
  std::string_view given_up_filter(RequestId request) const;
  void give_up(const Subscription& subscription);
  Subscription* find_request(RequestId request) const;
  std::size_t binding_index_of(StreamId stream) const;

  void join(Now now, Subscription& subscription, const SubscribeOptions& options);
  void set_state(Subscription& subscription, SubscriptionState state);
  void request(Now now, Subscription& subscription);
  void request_pending(Now now, std::size_t open_bytes_max);
  /// Asks again from the position, not more often than gap_resubscribe_interval_min.
  void repair(Now now, Subscription& subscription);
  Status start(Now now, Subscription& subscription, const SubscribedFrame& frame);
  void start_records(Subscription& subscription, const SubscribedFrame& frame);
  void end(Now now, Subscription& subscription);
  void make_room(Now now);
  void handle_deadline(Now now, Subscription& subscription);

  SessionOutput& output_;
  bool line_up_ = false;                   // welcomed: requests may leave
  RecordUse record_use_;                   // of all subscriptions: ends after them
  std::vector<Owner> by_id_;               // ascending, the order in which the application asked
  std::vector<Subscription*> by_channel_;  // sorted by name, then filter
  std::vector<Binding> bindings_;          // sorted by stream
  std::vector<std::pair<RequestId, std::string>> given_up_;  // with a filter, oldest first
  std::optional<Instant> next_deadline_;
  std::uint32_t last_id_ = 0;
};

}  // namespace tidegate
