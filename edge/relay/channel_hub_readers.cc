// Readers: subscribed, answered, begun anew, removed.
#include <algorithm>
#include <utility>

#include "edge/relay/channel_hub.h"

namespace tidegate::relay {

Status ChannelHub::subscribe(Now now, std::uint32_t session, const SubscribeOrder& order) {
  const bool is_new = mirrors_.slot_of(*order.key) == ChannelTable<ChannelMirror>::kNone;
  const Result<std::uint32_t> slot = find_or_open(order.key, order.rules);
  if (!slot.ok()) {
    return slot.error();
  }
  const Result<std::uint32_t> view = find_or_add_view(*slot, order.program);
  if (!view.ok()) {
    return view.error();
  }
  count_repair(session, *view, order);
  drop_previous(now, session, *view);
  // The previous one may have been the view's only reader.
  const Result<std::uint32_t> still = find_or_add_view(*slot, order.program);
  add_subscriber(now, session, *still, is_new, order);
  ChannelMirror& mirror = *mirrors_.at(*slot);
  const ChannelView& joined = views_.at(*still);
  if (mirror.kind() == ChannelKind::State && joined.subscribers.size() == 1) {
    note_digest(now, *still);
  }
  deadlines_.clear(*slot);
  ++context_.counters.subscriptions_opened;
  if (mirror.is_loaded()) {
    if (!is_sending()) {
      enforce_history(now, *slot);  // what has grown too old since the last news
    }
    answer_waiting(*slot);
  }
  return ok_status();
}

void ChannelHub::add_subscriber(Now, std::uint32_t session, std::uint32_t view_slot, bool asked,
                                const SubscribeOrder& order) {
  ChannelView& view = views_.at(view_slot);
  ChannelMirror& mirror = mirror_of(view);
  std::vector<Subscription>& subscriptions = sessions_.at(session).subscriptions;
  const auto index = static_cast<std::uint32_t>(subscriptions.size());
  const auto place = static_cast<std::uint32_t>(view.subscribers.size());
  Subscriber subscriber;
  subscriber.slot = session;
  subscriber.index = index;
  subscriber.encoding = sessions_.at(session).encoding;
  subscriber.rung = std::max(mirror.rung_min(),
                             pace_rung(std::chrono::milliseconds(order.frame.min_interval_ms)));
  view.subscribers.push_back(subscriber);
  ++view.readers[subscriber.encoding];
  ++mirror.subscriber_count;
  if (subscriptions.empty()) {
    subscriptions.reserve(1);
  }
  subscriptions.push_back(Subscription{view_slot, place});
  WaitingSubscribe waiting;
  waiting.slot = session;
  waiting.index = index;
  waiting.view = view_slot;
  waiting.request = order.frame.request;
  waiting.since = order.frame.since;
  waiting.history = order.frame.history;
  if (asked) {
    waiting.question = WaitingSubscribe::Question::Asked;  // by the pull that was just sent
  }
  mirror.waiting.push_back(std::move(waiting));
}

bool ChannelHub::is_subscribed(std::uint32_t session, const ChannelKey& key,
                               const ViewProgram& program) {
  const std::uint32_t mirror = mirrors_.slot_of(key);
  if (mirror == ChannelTable<ChannelMirror>::kNone) {
    return false;
  }
  const std::optional<std::uint32_t> view = find_view_of(mirror, program);
  return view.has_value() && index_of(session, *view).has_value();
}

/// Who was given all records, and asks for all of them again, has found by the digest that it holds
/// something else.
void ChannelHub::count_repair(std::uint32_t session, std::uint32_t view,
                              const SubscribeOrder& order) {
  const std::optional<std::uint32_t> index = index_of(session, view);
  if (!index.has_value() || order.frame.since.has_value() ||
      mirror_of(views_.at(view)).kind() != ChannelKind::State) {
    return;
  }
  const Subscriber& previous = subscriber(sessions_.at(session).subscriptions[*index]);
  if (previous.is_answered() && !previous.is_paging) {
    ++context_.counters.repairs_asked;
  }
}

void ChannelHub::drop_previous(Now now, std::uint32_t session, std::uint32_t view) {
  const std::optional<std::uint32_t> index = index_of(session, view);
  if (!index.has_value()) {
    return;
  }
  for (const WaitingSubscribe& waiting : mirror_of(views_.at(view)).waiting) {
    if (waiting.slot == session && waiting.view == view) {
      writer_.say(session,
                  RefusedFrame{waiting.request,
                               Error{ErrorCode::Busy,
                                     "a later subscribe to the same channel took its place", 0}});
    }
  }
  remove(now, session, *index);
}

std::optional<std::uint32_t> ChannelHub::index_of(std::uint32_t session, std::uint32_t view) {
  const std::vector<Subscription>& subscriptions = sessions_.at(session).subscriptions;
  // From the back: the one that is asked for was most often added just now.
  for (auto index = static_cast<std::uint32_t>(subscriptions.size()); index-- > 0;) {
    if (subscriptions[index].view == view) {
      return index;
    }
  }
  return std::nullopt;
}

bool ChannelHub::unsubscribe(Now now, std::uint32_t session, StreamId stream) {
  const std::vector<Subscription>& subscriptions = sessions_.at(session).subscriptions;
  for (std::uint32_t index = 0; index < subscriptions.size(); ++index) {
    if (views_.at(subscriptions[index].view).stream() == stream &&
        subscriber(subscriptions[index]).is_answered()) {
      remove(now, session, index);
      return true;
    }
  }
  return false;
}

void ChannelHub::remove(Now now, std::uint32_t session_slot, std::uint32_t index) {
  RelaySession& session = sessions_.at(session_slot);
  const Subscription removed = session.subscriptions[index];
  ChannelView& view = views_.at(removed.view);
  const std::uint32_t mirror_slot = view.mirror();
  ChannelMirror& mirror = *mirrors_.at(mirror_slot);
  std::erase_if(mirror.waiting, [&](const WaitingSubscribe& waiting) {
    return waiting.slot == session_slot && waiting.view == removed.view;
  });
  view.passes.erase(session_slot);
  --view.readers[session.encoding];
  // The last one moves into the gap, on both sides, and the other side learns of it.
  if (removed.place + 1 != view.subscribers.size()) {
    view.subscribers[removed.place] = view.subscribers.back();
    const Subscriber& moved = view.subscribers[removed.place];
    sessions_.at(moved.slot).subscriptions[moved.index].place = removed.place;
  }
  view.subscribers.pop_back();
  if (index + 1 != session.subscriptions.size()) {
    session.subscriptions[index] = session.subscriptions.back();
    const Subscription& moved = session.subscriptions[index];
    subscriber(moved).index = index;
    for (WaitingSubscribe& waiting : mirror_of(views_.at(moved.view)).waiting) {
      if (waiting.slot == session_slot && waiting.view == moved.view) {
        waiting.index = index;
      }
    }
  }
  session.subscriptions.pop_back();
  std::erase(session.dirty, index);
  std::replace(session.dirty.begin(), session.dirty.end(),
               static_cast<std::uint32_t>(session.subscriptions.size()), index);
  if (view.subscribers.empty() && !view.program().is_identity()) {
    remove_view(removed.view);
  }
  if (--mirror.subscriber_count == 0) {
    deadlines_.set(mirror_slot, now.monotonic + limits::mirror_linger);
  }
}

void ChannelHub::remove_session(Now now, std::uint32_t session) {
  sessions_.at(session).dirty.clear();
  while (!sessions_.at(session).subscriptions.empty()) {
    remove(now, session,
           static_cast<std::uint32_t>(sessions_.at(session).subscriptions.size() - 1));
  }
}

void ChannelHub::answer_waiting(std::uint32_t slot) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  bool question = false;
  std::vector<WaitingSubscribe> still_waiting;
  for (WaitingSubscribe& subscribe : std::exchange(mirror.waiting, {})) {
    const bool asked = subscribe.question == WaitingSubscribe::Question::Asked;
    if (const auto decided = mirror.decide(
            subscribe, views_.at(subscribe.view).epoch_token(mirror.history().epoch()),
            asked && mirror.question_answered())) {
      answer(mirror, subscribe, *decided);
      continue;
    }
    if (!asked) {
      subscribe.question = WaitingSubscribe::Question::ToBeAsked;
      question = true;
    }
    still_waiting.push_back(std::move(subscribe));
  }
  mirror.waiting = std::move(still_waiting);
  if (question) {
    mirror.ask();
  }
}

void ChannelHub::answer(ChannelMirror& mirror, const WaitingSubscribe& subscribe,
                        const SubscribeAnswer& answer) {
  const Subscription& subscription = sessions_.at(subscribe.slot).subscriptions[subscribe.index];
  say_start(mirror, views_.at(subscription.view), subscriber(subscription), subscribe.request,
            answer);
  if (subscribe.since.has_value()) {
    ++(answer.outcome == SubscribeOutcome::Recovered ? context_.counters.subscribes_recovered
                                                     : context_.counters.subscribes_snapshot);
  }
  if (answer.start < mirror.history().top()) {
    writer_.mark(subscribe.slot, subscribe.index);
  }
}

void ChannelHub::say_start(const ChannelMirror& mirror, const ChannelView& view,
                           Subscriber& subscriber, RequestId request,
                           const SubscribeAnswer& answer) {
  const ChannelLog& log = mirror.history();
  subscriber.incarnation = mirror.incarnation();
  subscriber.cursor = answer.start;
  subscriber.is_due = answer.start < log.top();
  subscriber.is_paging = false;
  SubscribedFrame frame;
  frame.request = request;
  frame.stream = view.stream();
  frame.outcome = answer.outcome;
  frame.reason = answer.reason;
  frame.start = {view.epoch_token(log.epoch()), answer.start};
  frame.target = mirror.target();
  frame.channel = mirror.key()->channel;
  frame.kind = mirror.kind();
  frame.catch_up = mirror.catch_up(answer.start, view.program());
  writer_.say(subscriber.slot, frame);
}

bool ChannelHub::reset_if_lost(std::uint32_t slot, Subscriber& subscriber) {
  ChannelView& view = views_.at(slot);
  const ChannelMirror& mirror = mirror_of(view);
  const bool same_stream = subscriber.incarnation == mirror.incarnation();
  if (!subscriber.is_answered() || (same_stream && mirror.can_go_on(subscriber.cursor))) {
    return false;
  }
  view.passes.erase(subscriber.slot);
  ++context_.counters.resets_sent;
  SubscribeAnswer answer;
  answer.reason = same_stream ? SnapshotReason::HistoryExceeded : SnapshotReason::EpochChanged;
  answer.start = mirror.kind() == ChannelKind::State ? Offset{} : mirror.history().floor();
  say_start(mirror, view, subscriber, RequestId::None, answer);
  return true;
}

}  // namespace tidegate::relay
