#include "core/client/subscription_registry.h"

#include <algorithm>
#include <utility>

#include "core/client/timer_table.h"
#include "core/protocol/frame_encoder.h"

namespace tidegate {

// ---- commands

Result<SubscriptionId> SubscriptionRegistry::subscribe(Now now, const ChannelName& channel,
                                                       const SubscribeOptions& options) {
  if (channel.empty()) {
    return Error{ErrorCode::InvalidChannel, "the channel name is empty", 0};
  }
  Subscription* existing = find_channel(channel);
  if (existing != nullptr && existing->serves(options)) {
    ++existing->references;
    existing->lingers_until.reset();
    if (line_up_ && std::holds_alternative<SubscriptionIdle>(existing->state)) {
      request(now, *existing);
    }
    return existing->id;
  }
  if (existing != nullptr) {
    end(now, *existing);
  }
  make_room(now);
  if (by_id_.size() >= limits::subscriptions_per_client_max) {
    return Error{ErrorCode::LimitExceeded,
                 "over subscriptions_per_client_max: unsubscribe from channels no longer needed",
                 0};
  }
  const auto id = static_cast<SubscriptionId>(++last_id_);
  by_id_.push_back(std::make_unique<Subscription>(id, channel, options));
  Subscription& added = *by_id_.back();
  by_channel_.insert(by_channel_.begin() + static_cast<std::ptrdiff_t>(channel_index_of(channel)),
                     &added);
  if (line_up_) {
    request(now, added);
  }
  return id;
}

Status SubscriptionRegistry::unsubscribe(Now now, SubscriptionId id) {
  const std::size_t at = index_of(id);
  if (at == by_id_.size() || by_id_[at]->id != id || !by_id_[at]->is_wanted()) {
    return Error{ErrorCode::NotFound, "no such subscription, or it has ended", 0};
  }
  Subscription& subscription = *by_id_[at];
  if (--subscription.references == 0) {
    subscription.lingers_until = now.monotonic + output_.options.unsubscribe_linger;
    next_deadline_ = earlier(next_deadline_, subscription.lingers_until);
  }
  return ok_status();
}

/// Lingering subscriptions give way to new ones.
void SubscriptionRegistry::make_room(Now now) {
  for (std::size_t i = 0; i < by_id_.size(); ++i) {
    if (by_id_.size() < limits::subscriptions_per_client_max) {
      return;
    }
    if (!by_id_[i]->is_wanted()) {
      end(now, *by_id_[i]);
      return;
    }
  }
}

// ---- the connection

void SubscriptionRegistry::handle_open(Now now) {
  request_pending(now, limits::opening_message_bytes_max);
}

void SubscriptionRegistry::handle_welcome(Now now) {
  line_up_ = true;
  request_pending(now, SIZE_MAX);
}

void SubscriptionRegistry::handle_interruption() {
  line_up_ = false;
  bindings_.clear();
  next_deadline_.reset();
  for (const Owner& subscription : by_id_) {
    subscription->cursor.handle_interruption();
    subscription->state = SubscriptionIdle{};
    next_deadline_ = earlier(next_deadline_, subscription->deadline());
  }
}

void SubscriptionRegistry::request_pending(Now now, std::size_t open_bytes_max) {
  constexpr std::size_t kSubscribeBytesMax = wire::kFrameHeaderBytes + 24 +
                                             limits::channel_name_bytes_max +
                                             limits::epoch_bytes_max + wire::kAlignment;
  for (const Owner& subscription : by_id_) {
    if (output_.batcher.open_bytes() > open_bytes_max - kSubscribeBytesMax) {
      return;
    }
    if (subscription->is_wanted() &&
        std::holds_alternative<SubscriptionIdle>(subscription->state)) {
      request(now, *subscription);
    }
  }
}

void SubscriptionRegistry::request(Now now, Subscription& subscription) {
  const RequestId id = output_.next_request();
  const StreamId former = subscription.held_stream();
  subscription.cursor.handle_interruption();
  subscription.requested_at = now.monotonic;
  Instant deadline = now.monotonic + limits::subscribe_timeout;
  if (!line_up_) {
    deadline += output_.options.connect_timeout;  // nothing is answered before the welcome
  }
  set_state(subscription, SubscriptionRequested{id, former, deadline});
  output_.batcher.add(now, SubscribeFrame{id, subscription.channel, subscription.cursor.position(),
                                          subscription.history});
}

void SubscriptionRegistry::repair(Now now, Subscription& subscription) {
  const Instant earliest =
      subscription.requested_at.value_or(now.monotonic) + limits::gap_resubscribe_interval_min;
  if (earliest <= now.monotonic) {
    request(now, subscription);
    return;
  }
  const StreamId former = subscription.held_stream();
  subscription.cursor.handle_interruption();
  set_state(subscription, SubscriptionDelayed{earliest, former});
}

// ---- the relay

Status SubscriptionRegistry::handle_subscribed(Now now, const SubscribedFrame& frame) {
  Subscription* subscription = find_channel(frame.channel);
  if (subscription == nullptr) {
    // Answered after the application had lost interest: take it back.
    output_.batcher.add(now, UnsubscribeFrame{output_.next_request(), frame.stream});
    return ok_status();
  }
  const bool requested = std::holds_alternative<SubscriptionRequested>(subscription->state);
  if (subscription->awaits(frame.request) || (frame.request == RequestId::None && !requested)) {
    return start(*subscription, frame);
  }
  if (!requested) {
    // The answer to a request that had been given up, and yet it decides what the relay sends from
    // now on. Its start may be one of long ago, so ask again from the position of today.
    set_state(*subscription, SubscriptionDelayed{now.monotonic, frame.stream});
    repair(now, *subscription);
  }
  return ok_status();  // else the answer to the latest request follows and replaces this one
}

Status SubscriptionRegistry::start(Subscription& subscription, const SubscribedFrame& frame) {
  StreamCursor& cursor = subscription.cursor;
  StreamPosition start = frame.start;
  const Subscription* holder = find_stream(frame.stream);
  if (frame.stream == StreamId::None || start.epoch.empty() ||
      (holder != nullptr && holder != &subscription)) {
    return Error{ErrorCode::UnexpectedFrame, "subscribed without a stream of its own", 0};
  }
  if (frame.outcome == SubscribeOutcome::Recovered) {
    // An epoch is never adopted: a recovery in another one would splice two streams together.
    const std::optional<StreamPosition>& held = cursor.position();
    if (!held || held->epoch != start.epoch || start.offset > held->offset) {
      return Error{ErrorCode::UnexpectedFrame,
                   "recovered from a position this client does not hold", 0};
    }
    start = *held;  // blocks overlap from frame.start; the position never moves back
    cursor.handle_interruption();
  } else {
    cursor.reset();
  }
  const bool live = cursor.handle_start(start, frame.target);
  set_state(subscription, SubscriptionBound{frame.stream});
  subscription.refusals = 0;
  output_.stats.gaps_repaired += std::exchange(subscription.open_gaps, 0);
  output_.events.push(
      SubscriptionStarted{subscription.id, frame.outcome, frame.reason, std::move(start)});
  if (live) {
    output_.events.push(SubscriptionLive{subscription.id});
  }
  return ok_status();
}

void SubscriptionRegistry::handle_unsubscribed(Now now, const UnsubscribedFrame& frame) {
  // With a request it answers an unsubscribe of ours. The relay may give the channel's stream the
  // same id when it is joined again, so such an answer must not be taken for the end of what came
  // later.
  Subscription* subscription = find_stream(frame.stream);
  if (frame.request != RequestId::None || subscription == nullptr) {
    return;
  }
  set_state(*subscription, SubscriptionIdle{});
  if (!may_resubscribe(frame.code)) {
    end_with(now, *subscription, Error{ErrorCode::Forbidden, frame.message, 0});
  } else if (subscription->is_wanted()) {
    repair(now, *subscription);
  }
}

RefusalVerdict SubscriptionRegistry::handle_refused(Now now, const RefusedFrame& frame) {
  Subscription* subscription = find_request(frame.request);
  if (subscription == nullptr) {
    return RefusalVerdict::NotMine;
  }
  if (asks_for_token(frame.error.code)) {
    return RefusalVerdict::RenewToken;
  }
  if (!is_temporary(frame.error.code)) {
    end_with(now, *subscription, frame.error);
    return RefusalVerdict::Settled;
  }
  const Duration delay = refusal_delay(output_, frame.error, subscription->refusals++);
  set_state(*subscription, SubscriptionDelayed{now.monotonic + delay, subscription->held_stream()});
  return RefusalVerdict::Settled;
}

void SubscriptionRegistry::handle_gap(Now now, Subscription& subscription) {
  ++output_.stats.gaps_detected;
  ++subscription.open_gaps;
  output_.events.push(GapDetected{subscription.id});
  repair(now, subscription);
}

// ---- the end of a subscription

void SubscriptionRegistry::end(Now now, Subscription& subscription) {
  const StreamId held = subscription.held_stream();
  if (line_up_ && held != StreamId::None) {
    output_.batcher.add(now, UnsubscribeFrame{output_.next_request(), held});
  }
  set_state(subscription, SubscriptionIdle{});
  by_channel_.erase(by_channel_.begin() +
                    static_cast<std::ptrdiff_t>(channel_index_of(subscription.channel)));
  by_id_.erase(by_id_.begin() + static_cast<std::ptrdiff_t>(index_of(subscription.id)));
}

void SubscriptionRegistry::end_with(Now now, Subscription& subscription, Error error) {
  if (subscription.is_wanted()) {
    output_.events.push(SubscriptionEnded{subscription.id, std::move(error)});
  }
  end(now, subscription);
}

// ---- time

void SubscriptionRegistry::handle_timeout(Now now) {
  next_deadline_.reset();
  for (std::size_t i = by_id_.size(); i-- > 0;) {
    const std::optional<Instant> deadline = by_id_[i]->deadline();
    if (deadline && *deadline <= now.monotonic) {
      handle_deadline(now, *by_id_[i]);
    } else {
      next_deadline_ = earlier(next_deadline_, deadline);
    }
  }
}

void SubscriptionRegistry::handle_deadline(Now now, Subscription& subscription) {
  if (subscription.lingers_until && *subscription.lingers_until <= now.monotonic) {
    end(now, subscription);
  } else {
    request(now, subscription);  // not answered, or the time to ask again has come
  }
}

// ---- finding

void SubscriptionRegistry::set_state(Subscription& subscription, SubscriptionState state) {
  const StreamId bound = subscription.bound_stream();
  if (bound != StreamId::None) {
    bindings_.erase(bindings_.begin() + static_cast<std::ptrdiff_t>(binding_index_of(bound)));
  }
  subscription.state = std::move(state);
  const StreamId binds = subscription.bound_stream();
  if (binds != StreamId::None) {
    const auto at = static_cast<std::ptrdiff_t>(binding_index_of(binds));
    bindings_.insert(bindings_.begin() + at, Binding{binds, &subscription});
  }
  next_deadline_ = earlier(next_deadline_, subscription.deadline());
}

std::size_t SubscriptionRegistry::index_of(SubscriptionId id) const {
  const auto at = std::lower_bound(by_id_.begin(), by_id_.end(), id,
                                   [](const Owner& a, SubscriptionId b) { return a->id < b; });
  return static_cast<std::size_t>(at - by_id_.begin());
}

std::size_t SubscriptionRegistry::channel_index_of(const ChannelName& channel) const {
  const auto at = std::lower_bound(
      by_channel_.begin(), by_channel_.end(), channel.view(),
      [](const Subscription* a, std::string_view b) { return a->channel.view() < b; });
  return static_cast<std::size_t>(at - by_channel_.begin());
}

std::size_t SubscriptionRegistry::binding_index_of(StreamId stream) const {
  const auto at = std::lower_bound(bindings_.begin(), bindings_.end(), stream,
                                   [](const Binding& a, StreamId b) { return a.stream < b; });
  return static_cast<std::size_t>(at - bindings_.begin());
}

const Subscription* SubscriptionRegistry::find(SubscriptionId id) const {
  const std::size_t at = index_of(id);
  return at < by_id_.size() && by_id_[at]->id == id ? by_id_[at].get() : nullptr;
}

Subscription* SubscriptionRegistry::find_channel(const ChannelName& channel) const {
  const std::size_t at = channel_index_of(channel);
  return at < by_channel_.size() && by_channel_[at]->channel == channel ? by_channel_[at] : nullptr;
}

Subscription* SubscriptionRegistry::find_stream(StreamId stream) const {
  const std::size_t at = binding_index_of(stream);
  return at < bindings_.size() && bindings_[at].stream == stream ? bindings_[at].subscription
                                                                 : nullptr;
}

Subscription* SubscriptionRegistry::find_request(RequestId request) const {
  for (const Owner& subscription : by_id_) {
    if (subscription->awaits(request)) {
      return subscription.get();
    }
  }
  return nullptr;
}

}  // namespace tidegate
