// The own road: sessions that are queued, one message for each, or one for those whose messages
// would be equal.
#include <algorithm>
#include <utility>

#include "edge/relay/fan_out.h"

namespace tidegate::relay {

std::optional<Transmit> FanOut::send_own(Now now) {
  Transmit transmit;
  Plan first;
  std::uint64_t rows = 0;
  while (const std::optional<std::uint32_t> slot = writer_.front()) {
    Plan plan;
    plan_for(*slot, plan);
    const bool nothing = plan.control_bytes == 0 && plan.pieces.empty();
    if (!nothing && transmit.message != nullptr && !same_message(first, plan)) {
      break;  // its turn is the next one
    }
    writer_.pop_front();
    if (nothing) {
      commit(now, *slot, plan);
      continue;
    }
    if (transmit.message == nullptr) {
      transmit.message = message_of(*slot, plan);
      for (const Piece& piece : plan.pieces) {
        rows += piece.block.rows;
      }
    }
    transmit.connections.push_back(sessions_.handle_of(*slot));
    commit(now, *slot, plan);
    if (plan.control_bytes > 0) {
      break;  // control frames are nobody else's
    }
    first = std::move(plan);
  }
  if (transmit.message == nullptr) {
    return std::nullopt;
  }
  count(transmit.message, transmit.connections.size(), rows);
  return transmit;
}

void FanOut::plan_for(std::uint32_t slot, Plan& plan) {
  reset_lost(slot);
  RelaySession& session = sessions_.at(slot);
  if (std::holds_alternative<Ending>(session.state)) {
    return;  // by what it was to be told just now
  }
  plan.control_bytes = whole_frames(session.encoding, session.control);
  if (plan.control_bytes < session.control.size()) {
    plan.more = true;  // a `subscribed` may be in the rest: no block before it
    return;
  }
  std::size_t bytes = plan.control_bytes;
  if (!session.scan_all) {
    std::sort(session.dirty.begin(), session.dirty.end());  // some were marked twice
    session.dirty.erase(std::unique(session.dirty.begin(), session.dirty.end()),
                        session.dirty.end());
    for (const std::uint32_t index : session.dirty) {
      if (!plan_subscription(slot, index, plan, bytes)) {
        return;
      }
    }
    return;
  }
  const auto total = static_cast<std::uint32_t>(session.subscriptions.size());
  for (std::uint32_t step = 0; step < total; ++step) {
    if (!plan_subscription(slot, (session.serve_from + step) % total, plan, bytes)) {
      return;
    }
  }
}

void FanOut::reset_lost(std::uint32_t slot) {
  RelaySession& session = sessions_.at(slot);
  const auto reset = [&](const Subscription& subscription) {
    hub_.reset_if_lost(subscription.view, hub_.subscriber(subscription));
  };
  if (session.scan_all) {
    std::for_each(session.subscriptions.begin(), session.subscriptions.end(), reset);
    return;
  }
  for (const std::uint32_t index : session.dirty) {
    reset(session.subscriptions[index]);
  }
}

/// False when the message is full.
bool FanOut::plan_subscription(std::uint32_t slot, std::uint32_t index, Plan& plan,
                               std::size_t& bytes) {
  const Subscription& subscription = sessions_.at(slot).subscriptions[index];
  const ChannelView& view = hub_.view(subscription.view);
  const ChannelMirror& mirror = hub_.mirror_of(view);
  Subscriber& subscriber = hub_.subscriber(subscription);
  const Offset top = mirror.history().top();
  const bool waits_for_its_tick = subscriber.rung != 0 && !subscriber.is_due;
  if (!subscriber.is_answered() || waits_for_its_tick ||
      (subscriber.cursor >= top && !subscriber.is_paging)) {
    return true;
  }
  // A mirror that begins anew has the records of its owner's top before it has come there itself.
  if (!mirror.is_loaded() &&
      (subscriber.is_paging ||
       mirror.catch_up(subscriber.cursor, view.program()) != CatchUp::Replay)) {
    return true;
  }
  Piece piece = next_piece(subscription, subscriber);
  piece.subscription = index;
  const std::size_t block_bytes = piece.block.message->payload().size();
  if (bytes > 0 && bytes + block_bytes > limits::joined_message_bytes_max) {
    plan.more = true;
    return false;
  }
  bytes += block_bytes;
  plan.more = plan.more || !piece.block.last_key.empty() || piece.block.end < top;
  plan.pieces.push_back(std::move(piece));
  return true;
}

/// What brings the reader on from where it stands: publications, or the next page of records.
FanOut::Piece FanOut::next_piece(const Subscription& subscription, Subscriber& subscriber) {
  ChannelView& view = hub_.view(subscription.view);
  const ChannelMirror& mirror = hub_.mirror_of(view);
  if (!subscriber.is_paging) {
    const CatchUp way = mirror.catch_up(subscriber.cursor, view.program());
    if (way == CatchUp::Replay) {
      // Who is slow or paced may never be on the shared road, which states digests by the clock.
      return Piece{0, cache_.block(mirror, view, subscriber.encoding, subscriber.cursor, true),
                   false};
    }
    view.passes[subscriber.slot] = Pass{mirror.history().top(), {}, way == CatchUp::Records};
    subscriber.is_paging = true;
  }
  Pass& pass = view.passes[subscriber.slot];
  if (!pass.sweeps && subscriber.cursor < mirror.history().records().changes_floor()) {
    // Deletes that it has yet to be told of were forgotten meanwhile: only a sweep removes them.
    pass = Pass{mirror.history().top(), {}, true};
  }
  return Piece{0, cache_.page(mirror, view, subscriber.encoding, subscriber.cursor, pass), true};
}

bool FanOut::same_message(const Plan& left, const Plan& right) {
  return right.control_bytes == 0 && left.pieces.size() == right.pieces.size() &&
         std::equal(left.pieces.begin(), left.pieces.end(), right.pieces.begin(),
                    [](const Piece& one, const Piece& other) {
                      return one.block.message == other.block.message;
                    });
}

SharedMessagePtr FanOut::message_of(std::uint32_t slot, const Plan& plan) const {
  if (plan.control_bytes == 0 && plan.pieces.size() == 1) {
    return plan.pieces.front().block.message;
  }
  const RelaySession& session = sessions_.at(slot);
  std::vector<ByteView> blocks;
  for (const Piece& piece : plan.pieces) {
    blocks.push_back(piece.block.message->payload());
  }
  return joined_message(session.encoding, ByteView(session.control).first(plan.control_bytes),
                        blocks);
}

/// The piece was handed out.
void FanOut::advance(const Subscription& subscription, const Piece& piece) {
  ChannelView& view = hub_.view(subscription.view);
  Subscriber& subscriber = hub_.subscriber(subscription);
  context_.counters.pages_sent += piece.is_page ? 1 : 0;
  if (piece.is_page && !piece.block.last_key.empty()) {
    view.passes[subscriber.slot].after = piece.block.last_key;
    return;
  }
  if (piece.is_page) {
    view.passes.erase(subscriber.slot);
    subscriber.is_paging = false;
  }
  subscriber.cursor = piece.block.end;
  if (subscriber.cursor >= hub_.mirror_of(view).history().top()) {
    subscriber.is_due = false;
  }
}

void FanOut::commit(Now now, std::uint32_t slot, const Plan& plan) {
  RelaySession& session = sessions_.at(slot);
  if (plan.control_bytes > 0) {
    if (plan.control_bytes == session.control.size()) {
      Bytes().swap(session.control);  // an idle session holds no buffer
    } else {
      session.control.erase(
          session.control.begin(),
          session.control.begin() + static_cast<std::ptrdiff_t>(plan.control_bytes));
    }
  }
  for (const Piece& piece : plan.pieces) {
    advance(session.subscriptions[piece.subscription], piece);
  }
  if (plan.control_bytes > 0 || !plan.pieces.empty()) {
    session.last_sent = now.monotonic;
  }
  session.writing = Writing::Idle;
  session.scan_all = false;
  session.dirty.clear();
  if (plan.more) {
    if (!plan.pieces.empty()) {
      session.serve_from = plan.pieces.back().subscription + 1;
    }
    writer_.mark_all(slot);
  }
  writer_.update_reading(slot);
}

}  // namespace tidegate::relay
