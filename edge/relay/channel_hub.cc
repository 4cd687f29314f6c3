// Mirrors and views: when they are opened, told of news, cut back and closed.
#include "edge/relay/channel_hub.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tidegate::relay {

std::optional<Instant> ChannelHub::deadline() const {
  std::optional<Instant> earliest = deadlines_.next();
  for (const std::optional<Instant>& at : {expiries_.next(), pacer_.deadline(), quiet_.next()}) {
    if (at.has_value() && (!earliest.has_value() || *at < *earliest)) {
      earliest = at;
    }
  }
  return earliest;
}

Result<std::uint32_t> ChannelHub::find_or_open(const ChannelKeyPtr& key, const Namespace& rules) {
  const std::uint32_t slot = mirrors_.slot_of(*key);
  if (slot != ChannelTable<ChannelMirror>::kNone) {
    return slot;
  }
  if (mirrors_.size() >= limits::mirrors_per_shard_max && !make_room()) {
    return Error{ErrorCode::Busy,
                 "this relay has as many channels in use as it may have (mirrors_per_shard_max)",
                 limits::full_retry_after_ms};
  }
  return mirrors_.add(key, std::make_unique<ChannelMirror>(context_, key, rules));
}

/// Refused for the moment, until one of the others goes.
Status ChannelHub::check_room_for_view(const ChannelMirror& mirror,
                                       const ViewProgram& program) const {
  const auto full = [](const char* what) {
    return Error{ErrorCode::Busy, what, limits::full_retry_after_ms};
  };
  const std::size_t views = mirror.views.size();
  if (mirror.key()->channel.is_directory()) {
    return views < limits::patterns_per_tenant_max
               ? ok_status()
               : full(
                     "as many different patterns are followed as may be on this worker "
                     "(patterns_per_tenant_max)");
  }
  if (views >= limits::filters_per_channel_max) {
    return full(
        "this channel is read through as many different filters as it may be "
        "(filters_per_channel_max)");
  }
  std::size_t cost = program.filter_cost();
  for (const std::uint32_t view : mirror.views) {
    cost += views_.at(view).program().filter_cost();
  }
  return cost <= limits::filter_cost_per_channel_max
             ? ok_status()
             : full(
                   "the filters of this channel's readers are as much work for each publication "
                   "as they may be (filter_cost_per_channel_max); look at fewer places, or list "
                   "fewer values");
}

std::optional<std::uint32_t> ChannelHub::find_view_of(std::uint32_t mirror,
                                                      const ViewProgram& program) {
  const std::vector<std::uint32_t>& views = mirrors_.at(mirror)->views;
  const auto found = std::find_if(views.begin(), views.end(), [&](std::uint32_t view) {
    return views_.at(view).program().shows_as(program);
  });
  return found == views.end() ? std::nullopt : std::optional(*found);
}

Result<std::uint32_t> ChannelHub::find_or_add_view(std::uint32_t slot, const ViewProgram& program) {
  if (const std::optional<std::uint32_t> found = find_view_of(slot, program)) {
    return *found;
  }
  ChannelMirror& mirror = *mirrors_.at(slot);
  if (Status room = check_room_for_view(mirror, program); !room.ok()) {
    return room.error();
  }
  const std::uint32_t view = views_.add(slot, program);
  for (const Encoding encoding : kEncodings) {
    views_.at(view).flushed_to[encoding] = mirror.history().top();
  }
  mirror.views.push_back(view);
  return view;
}

/// Closes the mirror that nobody has read for the longest.
bool ChannelHub::make_room() {
  const std::optional<std::uint32_t> slot = deadlines_.pop_due(Instant::max());
  if (slot.has_value()) {
    close(*slot);
  }
  return slot.has_value();
}

void ChannelHub::close(std::uint32_t slot) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  refuse_reads(mirror, Error{ErrorCode::Unavailable, "the channel could not be read in time", 0});
  mirror.close();
  for (const std::uint32_t view : mirror.views) {
    quiet_.clear(view);
    views_.remove(view);
  }
  deadlines_.clear(slot);
  expiries_.clear(slot);
  mirrors_.remove(slot);
}

/// Its last reader has gone. The view of everything stays as long as its mirror does.
void ChannelHub::remove_view(std::uint32_t slot) {
  std::erase(mirror_of(views_.at(slot)).views, slot);
  quiet_.clear(slot);
  views_.remove(slot);
}

void ChannelHub::handle_batch(Now now, MirrorBatch batch) {
  const std::uint32_t slot = mirrors_.slot_of(*batch.key);
  ChannelMirror* mirror = mirrors_.at(slot);
  if (mirror == nullptr || !mirror->expects(batch.generation)) {
    return;
  }
  const ChannelMirror::Loaded loaded = mirror->handle_batch(std::move(batch));
  const ChannelLog& log = mirror->history();
  for (const std::uint32_t view_slot : mirror->views) {
    ChannelView& view = views_.at(view_slot);
    view.restarted = view.restarted || loaded != ChannelMirror::Loaded::Further;
    for (const Encoding encoding : kEncodings) {
      Offset& flushed_to = view.flushed_to[encoding];
      if (loaded == ChannelMirror::Loaded::AnotherStream) {
        flushed_to = log.floor();
      } else if (loaded != ChannelMirror::Loaded::Further) {
        flushed_to = std::max(flushed_to, log.floor());
      }
      flushed_to = view.readers[encoding] == 0 ? log.top() : std::min(flushed_to, log.top());
    }
    note_news(view_slot);
  }
  drop_old_signals(now, slot);  // they may have come late
  if (mirror->is_loaded()) {
    answer_reads(slot);  // first: a subscribe may have another question, which is no answer to them
    answer_waiting(slot);
  }
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
  mirror->waiting.clear();
  refuse_reads(*mirror, refused.error);
  for (const std::uint32_t view_slot : std::vector<std::uint32_t>(mirror->views)) {
    ChannelView& view = views_.at(view_slot);
    while (!view.subscribers.empty()) {
      const Subscriber subscriber = view.subscribers.back();
      if (subscriber.is_answered()) {
        writer_.say(subscriber.slot,
                    UnsubscribedFrame{RequestId::None, view.stream(),
                                      static_cast<std::uint16_t>(UnsubscribeCode::Insufficient),
                                      refused.error.message});
      }
      const bool last = view.subscribers.size() == 1;
      remove(now, subscriber.slot, subscriber.index);
      if (last) {
        break;  // the view may be gone with it
      }
    }
  }
  close(slot);
}

void ChannelHub::handle_timeout(Now now) {
  while (const std::optional<std::uint32_t> slot = deadlines_.pop_due(now.monotonic)) {
    close(*slot);
  }
  while (const std::optional<std::uint32_t> slot = expiries_.pop_due(now.monotonic)) {
    drop_old_signals(now, *slot);  // before the ticks of those for whom they were kept
    note_growth(*slot);            // cut back at the next poll, once everybody has been served
  }
  handle_ticks(now);
}

void ChannelHub::reconfigure() {
  mirrors_.for_each([this](std::uint32_t slot, ChannelMirror& mirror) {
    if (const Namespace* rules = context_.config().namespace_of(mirror.key()->channel)) {
      mirror.reconfigure(*rules);
      note_growth(slot);  // cut back once everybody has been served
    }
  });
}

void ChannelHub::handle_ticks(Now now) {
  while (const std::optional<Pacer::Due> due = pacer_.poll_due(now.monotonic)) {
    for (const std::uint32_t slot : due->views) {
      ChannelView* view = views_.find(slot);
      if (view == nullptr) {
        continue;
      }
      view->noted_rungs &= static_cast<std::uint16_t>(~(1U << due->rung));
      for (Subscriber& subscriber : view->subscribers) {
        if (subscriber.rung == due->rung && subscriber.is_answered()) {
          subscriber.is_due = true;
          writer_.mark(subscriber.slot, subscriber.index);
        }
      }
    }
  }
}

void ChannelHub::note_paced(Now now, std::uint32_t slot, PaceRung rung) {
  ChannelView& view = views_.at(slot);
  const auto bit = static_cast<std::uint16_t>(1U << rung);
  if ((view.noted_rungs & bit) == 0) {
    view.noted_rungs |= bit;
    pacer_.note(now.monotonic, slot, rung);
  }
}

void ChannelHub::note_news(std::uint32_t slot) {
  ChannelView& view = views_.at(slot);
  const Offset top = mirror_of(view).history().top();
  bool has_news = view.restarted;
  for (const Encoding encoding : kEncodings) {
    has_news = has_news || view.flushed_to[encoding] != top;
  }
  if (has_news && !view.in_news_list) {
    view.in_news_list = true;
    news_.push_back(slot);
  }
}

void ChannelHub::note_digest(Now now, std::uint32_t slot) {
  quiet_.set(slot, now.monotonic + limits::quiet_digest_interval);
}

std::optional<std::uint32_t> ChannelHub::poll_quiet(Now now) {
  while (const std::optional<std::uint32_t> slot = quiet_.pop_due(now.monotonic)) {
    if (!views_.at(*slot).subscribers.empty()) {  // else its next first reader sets it again
      note_digest(now, *slot);
      return slot;
    }
  }
  return std::nullopt;
}

void ChannelHub::note_growth(std::uint32_t slot) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  if (!mirror.in_trim_list) {
    mirror.in_trim_list = true;
    grown_.push_back(slot);
  }
}

/// Where the slowest of those stands who keep pace, as far as they are asked to.
Offset ChannelHub::kept_for_readers(const ChannelMirror& mirror) {
  Offset slowest = mirror.history().top();
  for (const std::uint32_t slot : mirror.views) {
    const ChannelView& view = views_.at(slot);
    for (const Encoding encoding : kEncodings) {
      slowest = std::min(slowest, view.flushed_to[encoding]);
    }
    if (view.noted_rungs == 0) {
      continue;
    }
    for (const Subscriber& subscriber : view.subscribers) {
      if (subscriber.rung != 0 && subscriber.is_answered()) {
        slowest = std::min(slowest, subscriber.cursor);
      }
    }
  }
  return slowest;
}

void ChannelHub::enforce_history(Now now, std::uint32_t slot) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  mirror.enforce_history(now, kept_for_readers(mirror));
  note_expiry(now, slot);
}

/// What is too old, and nothing else: readers may be in the midst of being served.
void ChannelHub::drop_old_signals(Now now, std::uint32_t slot) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  if (mirror.kind() == ChannelKind::Signal) {
    mirror.enforce_history(now, Offset{});
    note_expiry(now, slot);
  }
}

void ChannelHub::note_expiry(Now now, std::uint32_t slot) {
  const ChannelMirror& mirror = *mirrors_.at(slot);
  const std::optional<WallTime> expiry = mirror.history().next_expiry();
  if (!expiry.has_value()) {
    expiries_.clear(slot);
    return;
  }
  // History may stay for a moment longer; a signal that is too old must not be sent.
  const Duration least =
      mirror.kind() == ChannelKind::Signal ? Duration::zero() : limits::history_expiry_interval_min;
  const Duration wait = std::max<Duration>(*expiry - now.wall, least);
  expiries_.set(slot, now.monotonic + wait);
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

std::optional<std::uint32_t> ChannelHub::poll_news() {
  while (!news_.empty()) {
    const std::uint32_t slot = news_.front();
    news_.pop_front();
    ChannelView* view = views_.find(slot);
    if (view != nullptr && view->in_news_list) {  // else it is gone
      view->in_news_list = false;
      return slot;
    }
  }
  return std::nullopt;
}

}  // namespace tidegate::relay
