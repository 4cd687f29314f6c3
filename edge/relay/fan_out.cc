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
      return std::nullopt;
    }
    std::optional<Transmit> transmit;
    if (own_turn_ || round_.empty()) {
      transmit = send_own(now);
    } else {
      const std::uint32_t mirror = round_.back();
      round_.pop_back();
      transmit = send_news(now, mirror);
    }
    if (transmit.has_value()) {
      return transmit;
    }
  }
}

void FanOut::begin_round() {
  while (const std::optional<std::uint32_t> mirror = hub_.poll_news()) {
    round_.push_back(*mirror);
  }
  std::reverse(round_.begin(),
               round_.end());  // taken from the back: the first to have news goes first
  ++round_number_;
  if (round_.size() < 2) {
    return;
  }
  for (const std::uint32_t mirror : round_) {
    count_news(mirror);
  }
  for (const std::uint32_t mirror : round_) {
    queue_those_with_several(mirror);
  }
}

void FanOut::count_news(std::uint32_t mirror) {
  for (const Subscriber& subscriber : hub_.mirror(mirror).subscribers) {
    RelaySession& session = sessions_.at(subscriber.slot);
    if (session.round != round_number_) {
      session.round = round_number_;
      session.round_marks = 0;
    }
    session.round_marks = session.round_marks == 0 ? 1 : 2;
  }
}

void FanOut::queue_those_with_several(std::uint32_t mirror) {
  for (const Subscriber& subscriber : hub_.mirror(mirror).subscribers) {
    if (sessions_.at(subscriber.slot).round_marks > 1) {
      writer_.mark(subscriber.slot, subscriber.index);
    }
  }
}

std::optional<Transmit> FanOut::send_news(Now now, std::uint32_t slot) {
  ChannelMirror* mirror = hub_.find_slot(slot);
  if (mirror == nullptr) {
    return std::nullopt;  // closed between two polls
  }
  if (mirror->restarted()) {
    // Some have to begin anew, each from where it stands.
    for (const Subscriber& subscriber : mirror->subscribers) {
      if (subscriber.bound != StreamId::None) {
        writer_.mark(subscriber.slot, subscriber.index);
      }
    }
    mirror->clear_restarted();
  }
  const Offset from = mirror->flushed_to();
  const ChannelLog& log = mirror->history();
  if (from == log.top()) {
    return std::nullopt;
  }
  const Offset end = FrameCache::end_of(log, from);
  Transmit transmit;
  collect(now, *mirror, end, transmit.connections);
  std::uint32_t rows = 0;
  if (!transmit.connections.empty()) {
    const SharedBlock block = cache_.block(*mirror, from);
    transmit.message = block.message;
    rows = block.rows;
  }
  mirror->set_flushed_to(end);
  hub_.note_news(slot);
  if (transmit.connections.empty()) {
    return std::nullopt;
  }
  context_.counters.blocks_shared += transmit.connections.size() - 1;
  count(transmit.message, transmit.connections.size(), rows);
  return transmit;
}

void FanOut::collect(Now now, ChannelMirror& mirror, Offset end,
                     std::vector<ConnectionHandle>& connections) {
  const Offset from = mirror.flushed_to();
  const StreamId stream = mirror.stream();
  connections.reserve(mirror.subscribers.size());
  for (Subscriber& subscriber : mirror.subscribers) {
    if (subscriber.bound == stream && subscriber.cursor >= end) {
      continue;
    }
    RelaySession& session = sessions_.at(subscriber.slot);
    if (session.writing == Writing::Blocked || subscriber.bound == StreamId::None) {
      continue;
    }
    if (session.writing == Writing::Queued || subscriber.bound != stream ||
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
