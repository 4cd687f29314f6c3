#include "core/client/subscription.h"

#include "core/client/timer_table.h"

namespace tidegate {

Subscription::Subscription(SubscriptionId subscription_id, const ChannelName& channel_name,
                           const SubscribeOptions& subscribe_options)
    : id(subscription_id),
      channel(channel_name),
      filter(subscribe_options.filter),
      history(subscribe_options.history),
      min_interval_ms(subscribe_options.min_interval_ms) {
  if (subscribe_options.since && !subscribe_options.since->epoch.empty()) {
    cursor.handle_start(*subscribe_options.since, subscribe_options.since->offset);
    cursor.handle_interruption();  // positioned, and waiting for an answer
  }
}

StreamId Subscription::bound_stream() const {
  const auto* bound = std::get_if<SubscriptionBound>(&state);
  return bound != nullptr ? bound->stream : StreamId::None;
}

StreamId Subscription::held_stream() const {
  if (const auto* requested = std::get_if<SubscriptionRequested>(&state)) {
    return requested->former;
  }
  if (const auto* delayed = std::get_if<SubscriptionDelayed>(&state)) {
    return delayed->former;
  }
  return bound_stream();
}

bool Subscription::awaits(RequestId request) const {
  const auto* requested = std::get_if<SubscriptionRequested>(&state);
  return requested != nullptr && requested->request == request;
}

std::optional<Instant> Subscription::deadline() const {
  if (const auto* requested = std::get_if<SubscriptionRequested>(&state)) {
    return earlier(lingers_until, requested->deadline);
  }
  if (const auto* delayed = std::get_if<SubscriptionDelayed>(&state)) {
    return earlier(lingers_until, delayed->until);
  }
  return lingers_until;
}

bool Subscription::serves(const SubscribeOptions& asked) const {
  const std::optional<StreamPosition>& position = cursor.position();
  if (is_wanted() || !position || records != nullptr) {
    return true;  // records are kept, whoever comes
  }
  return asked.since ? *asked.since == *position : asked.history == 0;
}

std::optional<StreamPosition> Subscription::resumes_from() const {
  return records == nullptr || records->is_whole() ? cursor.position() : std::nullopt;
}

}  // namespace tidegate
