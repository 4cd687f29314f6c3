// The shared road, and whose turn it is.
#include "edge/relay/fan_out.h"

#include <algorithm>
#include <utility>

namespace tidegate::relay {

std::optional<Transmit> FanOut::poll(Now now) {
  for (;;) {
    own_turn_ = !own_turn_;
    if (round_.empty() && hub_.has_news()) {
      begin_round();
    }
    if (round_.empty() && !writer_.front().has_value()) {
      hub_.enforce_histories(now);
      return send_quiet(now);
    }
    std::optional<Transmit> transmit;
    if (own_turn_ || round_.empty()) {
      transmit = send_own(now);
    } else {
      const std::uint32_t view = round_.back();
      round_.pop_back();
      transmit = send_news(now, view);
    }
    if (transmit.has_value()) {
      return transmit;
    }
  }
}

void FanOut::begin_round() {
  while (const std::optional<std::uint32_t> view = hub_.poll_news()) {
    round_.push_back(*view);
  }
  std::reverse(round_.begin(),
               round_.end());  // taken from the back: the first to have news goes first
  ++round_number_;
  if (round_.size() < 2) {
    return;
  }
  for (const std::uint32_t view : round_) {
    count_news(view);
  }
  for (const std::uint32_t view : round_) {
    queue_those_with_several(view);
  }
}

/// In which encodings the view's news are still to be sent.
PerEncoding<bool> FanOut::news_of(std::uint32_t slot) {
  const ChannelView& view = hub_.view(slot);
  const Offset top = hub_.mirror_of(view).history().top();
  PerEncoding<bool> news;
  for (const Encoding encoding : kEncodings) {
    news[encoding] = view.restarted || view.flushed_to[encoding] != top;
  }
  return news;
}

void FanOut::count_news(std::uint32_t view) {
  const PerEncoding<bool> news = news_of(view);
  for (const Subscriber& subscriber : hub_.view(view).subscribers) {
    if (subscriber.rung != 0 || !news[subscriber.encoding]) {
      continue;  // has its own time, or was served in the round before
    }
    RelaySession& session = sessions_.at(subscriber.slot);
    if (session.round != round_number_) {
      session.round = round_number_;
      session.round_marks = 0;
    }
    session.round_marks = session.round_marks == 0 ? 1 : 2;
  }
}

void FanOut::queue_those_with_several(std::uint32_t view) {
  const PerEncoding<bool> news = news_of(view);
  for (const Subscriber& subscriber : hub_.view(view).subscribers) {
    if (subscriber.rung == 0 && news[subscriber.encoding] &&
        sessions_.at(subscriber.slot).round_marks > 1) {
      writer_.mark(subscriber.slot, subscriber.index);
    }
  }
}

std::optional<Transmit> FanOut::send_news(Now now, std::uint32_t slot) {
  ChannelView* view = hub_.find_view(slot);
  if (view == nullptr) {
    return std::nullopt;  // closed between two polls
  }
  if (std::exchange(view->restarted, false)) {
    // Some have to begin anew, each from where it stands.
    for (const Subscriber& subscriber : view->subscribers) {
      if (subscriber.is_answered()) {
        writer_.mark(subscriber.slot, subscriber.index);
      }
    }
  }
  for (const Encoding encoding : kEncodings) {
    if (std::optional<Transmit> transmit = send_news_in(now, slot, encoding)) {
      return transmit;  // the others' turn comes: the view has news until all have been served
    }
  }
  return std::nullopt;
}

std::optional<Transmit> FanOut::send_news_in(Now now, std::uint32_t slot, Encoding encoding) {
  ChannelView& view = hub_.view(slot);
  const ChannelMirror& mirror = hub_.mirror_of(view);
  const Offset from = view.flushed_to[encoding];
  if (from == mirror.history().top()) {
    return std::nullopt;
  }
  const Offset end = FrameCache::end_of(mirror.history(), view, from);
  Transmit transmit;
  collect(now, slot, encoding, end, transmit.connections);
  std::uint32_t rows = 0;
  if (!transmit.connections.empty()) {
    const SharedBlock block =
        cache_.block(mirror, view, encoding, from, digest_is_due(now, slot, encoding, end));
    transmit.message = block.message;
    rows = block.rows;
  }
  view.flushed_to[encoding] = end;
  hub_.note_news(slot);
  if (transmit.connections.empty()) {
    return std::nullopt;
  }
  context_.counters.blocks_shared += transmit.connections.size() - 1;
  count(transmit.message, transmit.connections.size(), rows);
  return transmit;
}

/// Now and then, so that a reader who holds something else than it should is found out; often
/// enough to be of use, rarely enough to cost its page nothing.
bool FanOut::digest_is_due(Now now, std::uint32_t slot, Encoding encoding, Offset end) {
  ChannelView& view = hub_.view(slot);
  const ChannelMirror& mirror = hub_.mirror_of(view);
  Instant& due = view.digest_at[encoding];
  if (mirror.kind() != ChannelKind::State || now.monotonic < due || end != mirror.history().top()) {
    return false;
  }
  due = now.monotonic + limits::digest_interval;
  hub_.note_digest(now, slot);
  return true;
}

/// Nothing has changed for a while: readers of records are told the digest alone, by a block that
/// is empty.
std::optional<Transmit> FanOut::send_quiet(Now now) {
  for (;;) {
    if (quiet_.empty()) {
      const std::optional<std::uint32_t> view = hub_.poll_quiet(now);
      if (!view.has_value()) {
        return std::nullopt;
      }
      for (const Encoding encoding : kEncodings) {
        quiet_.emplace_back(*view, encoding);
      }
    }
    const auto [view, encoding] = quiet_.back();
    quiet_.pop_back();
    if (std::optional<Transmit> transmit = send_quiet_in(now, view, encoding)) {
      return transmit;
    }
  }
}

std::optional<Transmit> FanOut::send_quiet_in(Now now, std::uint32_t slot, Encoding encoding) {
  ChannelView* view = hub_.find_view(slot);
  if (view == nullptr || view->readers[encoding] == 0) {
    return std::nullopt;
  }
  const ChannelMirror& mirror = hub_.mirror_of(*view);
  const Offset top = mirror.history().top();
  Transmit transmit;
  for (const Subscriber& subscriber : view->subscribers) {
    RelaySession& session = sessions_.at(subscriber.slot);
    const bool is_at_top = subscriber.incarnation == mirror.incarnation() &&
                           subscriber.cursor == top && !subscriber.is_paging;
    if (subscriber.encoding == encoding && is_at_top && session.writing == Writing::Idle) {
      session.last_sent = now.monotonic;
      transmit.connections.push_back({subscriber.slot, session.generation});
    }
  }
  if (!mirror.is_loaded() || transmit.connections.empty()) {
    return std::nullopt;
  }
  transmit.message = cache_.block(mirror, *view, encoding, top, true).message;
  count(transmit.message, transmit.connections.size(), 0);
  return transmit;
}

void FanOut::collect(Now now, std::uint32_t slot, Encoding encoding, Offset end,
                     std::vector<ConnectionHandle>& connections) {
  ChannelView& view = hub_.view(slot);
  const std::uint32_t incarnation = hub_.mirror_of(view).incarnation();
  const Offset from = view.flushed_to[encoding];
  connections.reserve(view.readers[encoding]);
  for (Subscriber& subscriber : view.subscribers) {
    const bool same_stream = subscriber.incarnation == incarnation;
    if (subscriber.encoding != encoding || !subscriber.is_answered() ||
        (same_stream && subscriber.cursor >= end)) {
      continue;
    }
    if (subscriber.rung != 0 && same_stream) {
      hub_.note_paced(now, slot, subscriber.rung);
      continue;
    }
    RelaySession& session = sessions_.at(subscriber.slot);
    if (session.writing == Writing::Blocked) {
      continue;
    }
    if (session.writing == Writing::Queued || !same_stream || subscriber.is_paging ||
        subscriber.cursor < from) {
      writer_.mark(subscriber.slot, subscriber.index);
      continue;
    }
    subscriber.cursor = end;
    session.last_sent = now.monotonic;
    connections.push_back({subscriber.slot, session.generation});
  }
}

void FanOut::count(const SharedMessagePtr& message, std::size_t connections, std::uint64_t rows) {
  RelayCounters& counters = context_.counters;
  counters.messages_sent += connections;
  counters.bytes_sent += connections * message->framed().size();
  counters.publications_delivered += connections * rows;
}

}  // namespace tidegate::relay
