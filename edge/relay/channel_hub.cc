#include "edge/relay/channel_hub.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tidegate::relay {

std::uint32_t ChannelHub::find_or_open(const ChannelKeyPtr& key, const Namespace& rules) {
  const std::uint32_t slot = mirrors_.slot_of(*key);
  if (slot != ChannelTable<ChannelMirror>::kNone) {
    return slot;
  }
  return mirrors_.add(key, std::make_unique<ChannelMirror>(context_, key, rules));
}

void ChannelHub::subscribe(Now now, std::uint32_t session, const ChannelKeyPtr& key,
                           const Namespace& rules, const SubscribeFrame& frame) {
  const bool is_new = mirrors_.slot_of(*key) == ChannelTable<ChannelMirror>::kNone;
  if (is_new && mirrors_.size() >= limits::mirrors_per_shard_max && !make_room()) {
    ++context_.counters.subscriptions_refused;
    writer_.say(session, RefusedFrame{frame.request,
                                      Error{ErrorCode::Busy,
                                            "this relay has as many channels in use as it may have "
                                            "(mirrors_per_shard_max)",
                                            limits::full_retry_after_ms}});
    return;
  }
  const std::uint32_t slot = find_or_open(key, rules);
  drop_previous(now, session, slot);
  ChannelMirror& mirror = *mirrors_.at(slot);
  std::vector<Subscription>& subscriptions = sessions_.at(session).subscriptions;
  const auto index = static_cast<std::uint32_t>(subscriptions.size());
  const auto place = static_cast<std::uint32_t>(mirror.subscribers.size());
  mirror.subscribers.push_back(Subscriber{session, index, StreamId::None, Offset{}});
  if (subscriptions.empty()) {
    subscriptions.reserve(1);
  }
  subscriptions.push_back(Subscription{slot, place});
  WaitingSubscribe waiting{session, frame.request, frame.since, frame.history, {}};
  if (is_new) {
    waiting.question = WaitingSubscribe::Question::Asked;  // by the pull that was just sent
  }
  mirror.waiting.push_back(std::move(waiting));
  idle_.clear(slot);
  ++context_.counters.subscriptions_opened;
  if (mirror.is_loaded()) {
    if (!is_sending()) {
      enforce_history(now, slot);  // what has grown too old since the deadline last looked
    }
    answer_waiting(slot);
  }
}

/// Closes the mirror that nobody has read for the longest.
bool ChannelHub::make_room() {
  const std::optional<std::uint32_t> slot = idle_.pop_due(Instant::max());
  if (slot.has_value()) {
    close(*slot);
  }
  return slot.has_value();
}

void ChannelHub::close(std::uint32_t slot) {
  mirrors_.at(slot)->close();
  forget(slot);
}

void ChannelHub::forget(std::uint32_t slot) {
  idle_.clear(slot);
  expiries_.clear(slot);
  mirrors_.remove(slot);
}

void ChannelHub::drop_previous(Now now, std::uint32_t session, std::uint32_t mirror) {
  const std::optional<std::uint32_t> index = index_of(session, mirror);
  if (!index.has_value()) {
    return;
  }
  for (const WaitingSubscribe& waiting : mirrors_.at(mirror)->waiting) {
    if (waiting.slot == session) {
      writer_.say(session,
                  RefusedFrame{waiting.request,
                               Error{ErrorCode::Busy,
                                     "a later subscribe to the same channel took its place", 0}});
    }
  }
  remove(now, session, *index);
}

std::optional<std::uint32_t> ChannelHub::index_of(std::uint32_t session, std::uint32_t mirror) {
  const std::vector<Subscription>& subscriptions = sessions_.at(session).subscriptions;
  // From the back: the one that is answered now was most often added just now.
  for (auto index = static_cast<std::uint32_t>(subscriptions.size()); index-- > 0;) {
    if (subscriptions[index].mirror == mirror) {
      return index;
    }
  }
  return std::nullopt;
}

bool ChannelHub::unsubscribe(Now now, std::uint32_t session, StreamId stream) {
  const std::vector<Subscription>& subscriptions = sessions_.at(session).subscriptions;
  for (std::uint32_t index = 0; index < subscriptions.size(); ++index) {
    const Subscription& subscription = subscriptions[index];
    const Subscriber& subscriber =
        mirrors_.at(subscription.mirror)->subscribers[subscription.place];
    if (subscriber.bound == stream) {
      remove(now, session, index);
      return true;
    }
  }
  return false;
}

void ChannelHub::remove(Now now, std::uint32_t session_slot, std::uint32_t index) {
  RelaySession& session = sessions_.at(session_slot);
  const Subscription removed = session.subscriptions[index];
  ChannelMirror& mirror = *mirrors_.at(removed.mirror);
  std::erase_if(mirror.waiting, [session_slot](const WaitingSubscribe& waiting) {
    return waiting.slot == session_slot;
  });
  // The last one moves into the gap, on both sides, and the other side learns of it.
  if (removed.place + 1 != mirror.subscribers.size()) {
    mirror.subscribers[removed.place] = mirror.subscribers.back();
    const Subscriber& moved = mirror.subscribers[removed.place];
    sessions_.at(moved.slot).subscriptions[moved.index].place = removed.place;
  }
  mirror.subscribers.pop_back();
  if (index + 1 != session.subscriptions.size()) {
    session.subscriptions[index] = session.subscriptions.back();
    const Subscription& moved = session.subscriptions[index];
    mirrors_.at(moved.mirror)->subscribers[moved.place].index = index;
  }
  session.subscriptions.pop_back();
  std::erase(session.dirty, index);
  std::replace(session.dirty.begin(), session.dirty.end(),
               static_cast<std::uint32_t>(session.subscriptions.size()), index);
  if (mirror.subscribers.empty()) {
    idle_.set(removed.mirror, now.monotonic + limits::mirror_linger);
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
    if (const auto decided = mirror.decide(subscribe, asked && mirror.question_answered())) {
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
  if (mirror.subscribers.empty()) {
    mirror.set_flushed_to(mirror.history().top());
  }
}

void ChannelHub::answer(ChannelMirror& mirror, const WaitingSubscribe& subscribe,
                        const SubscribeAnswer& answer) {
  const std::uint32_t index = *index_of(subscribe.slot, mirrors_.slot_of(*mirror.key()));
  const Subscription& subscription = sessions_.at(subscribe.slot).subscriptions[index];
  Subscriber& subscriber = mirror.subscribers[subscription.place];
  subscriber.bound = mirror.stream();
  subscriber.cursor = answer.start;
  const ChannelLog& log = mirror.history();
  writer_.say(subscribe.slot, SubscribedFrame{subscribe.request,
                                              mirror.stream(),
                                              answer.outcome,
                                              answer.reason,
                                              {log.epoch(), answer.start},
                                              mirror.target(),
                                              mirror.key()->channel});
  if (subscribe.since.has_value()) {
    ++(answer.outcome == SubscribeOutcome::Recovered ? context_.counters.subscribes_recovered
                                                     : context_.counters.subscribes_snapshot);
  }
  if (answer.start < log.top()) {
    writer_.mark(subscribe.slot, index);
  }
}

bool ChannelHub::reset_if_lost(std::uint32_t slot, Subscriber& subscriber) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  const ChannelLog& log = mirror.history();
  const bool same_stream = subscriber.bound == mirror.stream();
  if (subscriber.bound == StreamId::None || (same_stream && log.reaches(subscriber.cursor))) {
    return false;
  }
  subscriber.bound = mirror.stream();
  subscriber.cursor = log.floor();
  ++context_.counters.resets_sent;
  writer_.say(subscriber.slot, SubscribedFrame{RequestId::None,
                                               mirror.stream(),
                                               SubscribeOutcome::Snapshot,
                                               same_stream ? SnapshotReason::HistoryExceeded
                                                           : SnapshotReason::EpochChanged,
                                               {log.epoch(), log.floor()},
                                               mirror.target(),
                                               mirror.key()->channel});
  return true;
}

void ChannelHub::handle_batch(MirrorBatch batch) {
  const std::uint32_t slot = mirrors_.slot_of(*batch.key);
  ChannelMirror* mirror = mirrors_.at(slot);
  if (mirror == nullptr || !mirror->expects(batch.generation)) {
    return;
  }
  const auto next_stream = static_cast<StreamId>(streams_named_ + 1);
  mirror->handle_batch(std::move(batch), next_stream);
  if (mirror->stream() == next_stream) {
    ++streams_named_;
  }
  if (mirror->is_loaded()) {
    answer_waiting(slot);
  }
  note_news(slot);
  note_growth(slot);
}

void ChannelHub::handle_refused(Now now, const MirrorRefused& refused) {
  const std::uint32_t slot = mirrors_.slot_of(*refused.key);
  ChannelMirror* mirror = mirrors_.at(slot);
  if (mirror == nullptr || !mirror->expects(refused.generation)) {
    return;
  }
  for (const WaitingSubscribe& waiting : mirror->waiting) {
    ++context_.counters.subscriptions_refused;
    writer_.say(waiting.slot, RefusedFrame{waiting.request, refused.error});
  }
  while (!mirror->subscribers.empty()) {
    const Subscriber subscriber = mirror->subscribers.back();
    if (subscriber.bound != StreamId::None) {
      writer_.say(subscriber.slot,
                  UnsubscribedFrame{RequestId::None, subscriber.bound,
                                    static_cast<std::uint16_t>(UnsubscribeCode::Insufficient),
                                    refused.error.message});
    }
    remove(now, subscriber.slot, subscriber.index);
  }
  forget(slot);
}

void ChannelHub::handle_timeout(Now now) {
  while (const std::optional<std::uint32_t> slot = idle_.pop_due(now.monotonic)) {
    close(*slot);
  }
  while (const std::optional<std::uint32_t> slot = expiries_.pop_due(now.monotonic)) {
    note_growth(*slot);  // cut back at the next poll, once everybody has been served
  }
}

void ChannelHub::note_news(std::uint32_t slot) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  if (mirror.has_news() && !mirror.in_news_list) {
    mirror.in_news_list = true;
    news_.push_back(slot);
  }
}

void ChannelHub::note_growth(std::uint32_t slot) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  if (!mirror.in_trim_list) {
    mirror.in_trim_list = true;
    grown_.push_back(slot);
  }
}

void ChannelHub::enforce_histories(Now now) {
  for (const std::uint32_t slot : grown_) {
    ChannelMirror* mirror = mirrors_.at(slot);
    if (mirror != nullptr && mirror->in_trim_list) {  // else it was closed meanwhile
      mirror->in_trim_list = false;
      enforce_history(now, slot);
    }
  }
  grown_.clear();
}

void ChannelHub::enforce_history(Now now, std::uint32_t slot) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  mirror.enforce_history(now);
  const std::optional<WallTime> expiry = mirror.history().next_expiry();
  if (!expiry.has_value()) {
    expiries_.clear(slot);
    return;
  }
  const Duration wait = std::max<Duration>(*expiry - now.wall, limits::history_expiry_interval_min);
  expiries_.set(slot, now.monotonic + wait);
}

std::optional<Instant> ChannelHub::deadline() const {
  const std::optional<Instant> idle = idle_.next();
  const std::optional<Instant> expiry = expiries_.next();
  return !expiry.has_value() || (idle.has_value() && *idle < *expiry) ? idle : expiry;
}

std::optional<std::uint32_t> ChannelHub::poll_news() {
  while (!news_.empty()) {
    const std::uint32_t slot = news_.front();
    news_.pop_front();
    ChannelMirror* mirror = mirrors_.at(slot);
    if (mirror != nullptr && mirror->in_news_list) {  // else it was closed meanwhile
      mirror->in_news_list = false;
      return slot;
    }
  }
  return std::nullopt;
}

}  // namespace tidegate::relay
