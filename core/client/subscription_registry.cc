#include "core/client/subscription_registry.h"

#include <algorithm>
#include <utility>

#include "core/base/json_scan.h"
#include "core/client/timer_table.h"
#include "core/protocol/frame_encoder.h"

namespace tidegate {

namespace {

/// What by_channel_ is sorted by.
using ChannelKey = std::pair<std::string_view, std::string_view>;

ChannelKey key_of(const Subscription* subscription) {
  return {subscription->channel.view(), subscription->filter};
}

Status check_options(const ChannelName& channel, const SubscribeOptions& options) {
  if (channel.empty()) {
    return Error{ErrorCode::InvalidChannel, "the channel name is empty", 0};
  }
  if (options.filter.size() > limits::filter_bytes_max) {
    return Error{ErrorCode::BadRequest, "the filter is over filter_bytes_max", 0};
  }
  if (options.filter.empty()) {
    return ok_status();
  }
  const Status json = check_json(options.filter, limits::json_depth_max);
  return json.ok() ? json : Error{ErrorCode::BadRequest, "filter: " + json.error().message, 0};
}

}  // namespace

// ---- commands

Result<SubscriptionId> SubscriptionRegistry::subscribe(Now now, const ChannelName& channel,
                                                       const SubscribeOptions& options) {
  const Status checked = check_options(channel, options);
  if (!checked.ok()) {
    return checked.error();
  }
  Subscription* existing = find_channel(channel, options.filter);
  if (existing != nullptr && existing->serves(options)) {
    join(now, *existing, options);
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
  by_channel_.insert(
      by_channel_.begin() + static_cast<std::ptrdiff_t>(channel_index_of(channel, options.filter)),
      &added);
  if (line_up_) {
    request(now, added);
  }
  return id;
}

void SubscriptionRegistry::join(Now now, Subscription& subscription,
                                const SubscribeOptions& options) {
  ++subscription.references;
  subscription.lingers_until.reset();
  const bool is_faster = options.min_interval_ms < subscription.min_interval_ms;
  subscription.min_interval_ms = std::min(options.min_interval_ms, subscription.min_interval_ms);
  const bool is_delayed = std::holds_alternative<SubscriptionDelayed>(subscription.state);
  const bool is_idle = std::holds_alternative<SubscriptionIdle>(subscription.state);
  if (line_up_ && (is_idle || (is_faster && !is_delayed))) {
    request(now, subscription);  // in place of what the relay knows, from the same position
  }
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
  given_up_.clear();
  next_deadline_.reset();
  for (const Owner& subscription : by_id_) {
    subscription->cursor.handle_interruption();
    subscription->state = SubscriptionIdle{};
    next_deadline_ = earlier(next_deadline_, subscription->deadline());
  }
}

void SubscriptionRegistry::request_pending(Now now, std::size_t open_bytes_max) {
  constexpr std::size_t kSubscribeBytesMax = wire::kFrameHeaderBytes + 26 +
                                             limits::channel_name_bytes_max +
                                             limits::epoch_bytes_max + wire::kAlignment;
  for (const Owner& subscription : by_id_) {
    const std::size_t bytes_max = kSubscribeBytesMax + subscription->filter.size();
    if (output_.batcher.open_bytes() > open_bytes_max - bytes_max) {
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
  give_up(subscription);
  subscription.cursor.handle_interruption();
  subscription.requested_at = now.monotonic;
  Instant deadline = now.monotonic + limits::subscribe_timeout;
  if (!line_up_) {
    deadline += output_.options.connect_timeout;  // nothing is answered before the welcome
  }
  set_state(subscription, SubscriptionRequested{id, former, deadline});
  output_.batcher.add(
      now, SubscribeFrame{id, subscription.channel, subscription.resumes_from(),
                          subscription.history, subscription.min_interval_ms, subscription.filter});
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
  Subscription* subscription = addressee(frame);
  if (subscription == nullptr && frame.request == RequestId::None) {
    // A reset of one among several, nobody knows which: each is asked for again.
    for (Subscription* each : all_of(frame.channel)) {
      if (each->bound_stream() != StreamId::None) {
        repair(now, *each);
      }
    }
  }
  if (subscription == nullptr) {
    if (frame.request != RequestId::None || all_of(frame.channel).empty()) {
      // Answered after the application had lost interest: take it back.
      output_.batcher.add(now, UnsubscribeFrame{output_.next_request(), frame.stream});
    }
    return ok_status();
  }
  const bool bound = subscription->bound_stream() != StreamId::None;
  if (subscription->awaits(frame.request) || (frame.request == RequestId::None && bound)) {
    return start(now, *subscription, frame);
  }
  if (!std::holds_alternative<SubscriptionRequested>(subscription->state)) {
    // The answer to a request that had been given up, or a reset of what it began, perhaps for a
    // subscription that is no more. Yet it decides what the relay sends from now on. Its start may
    // be one of long ago, or of somebody else's wishes, so ask again from the position of today.
    set_state(*subscription, SubscriptionDelayed{now.monotonic, frame.stream});
    repair(now, *subscription);
  }
  return ok_status();  // else the answer to the latest request follows and replaces this one
}

Status SubscriptionRegistry::start(Now now, Subscription& subscription,
                                   const SubscribedFrame& frame) {
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
    const bool was_sent = subscription.resumes_from().has_value();
    if (!was_sent || held->epoch != start.epoch || start.offset > held->offset) {
      return Error{ErrorCode::UnexpectedFrame,
                   "recovered from a position this client does not hold", 0};
    }
    if (frame.kind == ChannelKind::State && subscription.records == nullptr) {
      // The position came from elsewhere, and the records did not: ask for all of them.
      subscription.records = std::make_unique<RecordReader>(record_use_);
      set_state(subscription, SubscriptionDelayed{now.monotonic, frame.stream});
      request(now, subscription);
      return ok_status();
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
  output_.events.push(SubscriptionStarted{subscription.id, frame.outcome, frame.reason,
                                          std::move(start), frame.kind});
  start_records(subscription, frame);
  if (live) {
    output_.events.push(SubscriptionLive{subscription.id});
  }
  return ok_status();
}

void SubscriptionRegistry::start_records(Subscription& subscription, const SubscribedFrame& frame) {
  std::unique_ptr<RecordReader>& records = subscription.records;
  std::vector<std::string> removed;
  if (frame.kind != ChannelKind::State) {
    if (records != nullptr) {
      removed = records->dissolve();  // the channel is of another kind now
      records.reset();
    }
  } else if (frame.outcome == SubscribeOutcome::Snapshot) {
    if (records == nullptr) {
      records = std::make_unique<RecordReader>(record_use_);
    }
    removed = records->start_anew(frame);
  }
  if (!removed.empty()) {
    output_.events.push(RecordsRemoved{subscription.id, std::move(removed)});
  }
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

void SubscriptionRegistry::handle_digest(Now now, Subscription& subscription, std::uint64_t digest,
                                         Offset offset) {
  const std::optional<bool> matches = subscription.records->matches(digest, offset);
  if (!matches) {
    return;
  }
  ++output_.stats.digests_compared;
  if (*matches) {
    return;
  }
  ++output_.stats.digest_mismatches;
  if (subscription.records->begin_repair(now.monotonic)) {
    repair(now, subscription);
  }
}

// ---- the end of a subscription

void SubscriptionRegistry::end(Now now, Subscription& subscription) {
  const StreamId held = subscription.held_stream();
  if (line_up_ && held != StreamId::None) {
    output_.batcher.add(now, UnsubscribeFrame{output_.next_request(), held});
  }
  give_up(subscription);
  set_state(subscription, SubscriptionIdle{});
  by_channel_.erase(by_channel_.begin() + static_cast<std::ptrdiff_t>(channel_index_of(
                                              subscription.channel, subscription.filter)));
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

std::size_t SubscriptionRegistry::channel_index_of(const ChannelName& channel,
                                                   std::string_view filter) const {
  const auto at =
      std::lower_bound(by_channel_.begin(), by_channel_.end(), ChannelKey{channel.view(), filter},
                       [](const Subscription* a, const ChannelKey& b) { return key_of(a) < b; });
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

Subscription* SubscriptionRegistry::find_channel(const ChannelName& channel,
                                                 std::string_view filter) const {
  const std::size_t at = channel_index_of(channel, filter);
  const bool found =
      at < by_channel_.size() && key_of(by_channel_[at]) == ChannelKey{channel.view(), filter};
  return found ? by_channel_[at] : nullptr;
}

std::span<Subscription* const> SubscriptionRegistry::all_of(const ChannelName& channel) const {
  const std::size_t first = channel_index_of(channel, {});
  std::size_t end = first;
  while (end < by_channel_.size() && by_channel_[end]->channel == channel) {
    ++end;
  }
  return std::span(by_channel_).subspan(first, end - first);
}

Subscription* SubscriptionRegistry::addressee(const SubscribedFrame& frame) const {
  const std::span<Subscription* const> all = all_of(frame.channel);
  for (Subscription* subscription : all) {
    const bool answered = frame.request != RequestId::None && subscription->awaits(frame.request);
    if (answered || subscription->held_stream() == frame.stream) {
      return subscription;
    }
  }
  if (frame.request != RequestId::None) {
    return find_channel(frame.channel, given_up_filter(frame.request));
  }
  return all.size() == 1 ? all.front() : nullptr;
}

std::string_view SubscriptionRegistry::given_up_filter(RequestId request) const {
  const auto found = std::find_if(given_up_.begin(), given_up_.end(),
                                  [request](const auto& each) { return each.first == request; });
  return found == given_up_.end() ? std::string_view() : std::string_view(found->second);
}

/// Its request, if one is under way, will still be answered.
void SubscriptionRegistry::give_up(const Subscription& subscription) {
  const auto* requested = std::get_if<SubscriptionRequested>(&subscription.state);
  if (requested == nullptr || subscription.filter.empty()) {
    return;
  }
  if (given_up_.size() == limits::subscriptions_per_client_max) {
    given_up_.erase(given_up_.begin());
  }
  given_up_.emplace_back(requested->request, subscription.filter);
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
