#include "core/client/session_parts.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/protocol/frame_decoder.h"
#include "core/protocol/frame_encoder.h"

namespace tidegate {

namespace {

/// Cut so that no character is cut in two: the relay refuses what is not UTF-8.
void cut(std::string& text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    text.resize(bytes_max);
    while (!text.empty() && static_cast<unsigned char>(text.back()) >= 0x80) {
      text.pop_back();
    }
  }
}

ClientOptions within_limits(ClientOptions options) {
  cut(options.client, limits::client_label_bytes_max);
  cut(options.session_id, limits::session_id_bytes_max);
  return options;
}

DisconnectCode close_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::UnsupportedVersion:
      return DisconnectCode::UnsupportedVersion;
    case ErrorCode::FrameTooLarge:
      return DisconnectCode::FrameTooLarge;
    case ErrorCode::UnexpectedFrame:
      return DisconnectCode::UnexpectedFrame;
    default:
      return DisconnectCode::MalformedFrame;
  }
}

ErrorCode error_code_of(std::uint16_t disconnect_code) {
  switch (static_cast<DisconnectCode>(disconnect_code)) {
    case DisconnectCode::TokenExpired:
      return ErrorCode::TokenExpired;
    case DisconnectCode::TokenInvalid:
      return ErrorCode::TokenInvalid;
    case DisconnectCode::Forbidden:
      return ErrorCode::Forbidden;
    case DisconnectCode::UnsupportedVersion:
      return ErrorCode::UnsupportedVersion;
    case DisconnectCode::MalformedFrame:
      return ErrorCode::MalformedFrame;
    case DisconnectCode::FrameTooLarge:
      return ErrorCode::FrameTooLarge;
    case DisconnectCode::UnexpectedFrame:
      return ErrorCode::UnexpectedFrame;
    default:
      return ErrorCode::Unavailable;
  }
}

/// What a command is told that a failed session cannot send.
Error error_of(const FailedState& failure) {
  return Error{error_code_of(failure.code),
               "the client has failed, and connect() starts it anew: " + failure.message, 0};
}

}  // namespace

ClientSession::Parts::Parts(const ClientOptions& options)
    : output(within_limits(options)),
      connector(output),
      subscriptions(output),
      outbox(output),
      delivery(output),
      listeners(options.seed) {}

// ---- the connection

void ClientSession::Parts::handle_open(Now now, ConnectionId connection) {
  std::optional<std::string> token = connector.handle_open(connection);
  if (!token) {
    return;  // a socket that nobody waits for any more
  }
  greeted_ = connection;
  output.batcher.set_message_bytes_max(limits::opening_message_bytes_max);
  output.batcher.add(now, HelloFrame{wire::kProtocolVersion, output.options.client,
                                     output.options.session_id, std::move(*token)});
  subscriptions.handle_open(now);
  output.batcher.flush();
}

void ClientSession::Parts::handle_message(Now now, ConnectionId connection, ByteView message) {
  if (connection == ConnectionId::None || connection != greeted_) {
    return;  // the last words of an old socket
  }
  ++output.stats.messages_received;
  heartbeat.handle_bytes(now);
  delivery.begin_message(message);
  if (Verdict violation = handle_frames(now, message)) {
    connector.give_up_connection(now, violation->code, std::move(violation->message));
  } else if (output.batcher.open_bytes() == 0 && heartbeat.owes_sign(now)) {
    output.batcher.add(now, PongFrame{});
    output.batcher.flush();
  }
}

std::optional<Bytes> ClientSession::Parts::poll_transmit(Now now) {
  std::optional<Bytes> message = output.batcher.poll(now.monotonic);
  if (message.has_value()) {
    heartbeat.handle_sent(now);
  }
  return message;
}

Result<RequestId> ClientSession::Parts::publish(Now now, const ChannelName& channel,
                                                PublicationDraft draft) {
  if (const FailedState* failure = connector.failure()) {
    return error_of(*failure);
  }
  return outbox.publish(now, channel, std::move(draft));
}

const RecordStore* ClientSession::Parts::records_of(SubscriptionId id) const {
  const Subscription* found = subscriptions.find(id);
  return found != nullptr && found->records != nullptr ? &found->records->store() : nullptr;
}

void ClientSession::Parts::settle() {
  if (greeted_ != ConnectionId::None && connector.connection() != greeted_) {
    greeted_ = ConnectionId::None;
    output.batcher.clear();
    heartbeat.stop();
    subscriptions.handle_interruption();
    outbox.handle_interruption();
  }
  if (const FailedState* failure = connector.failure(); failure != nullptr && outbox.size() != 0) {
    outbox.handle_failure(error_of(*failure));
  }
  timers.set(Timer::Connection, connector.deadline());
  timers.set(Timer::Heartbeat, heartbeat.deadline());
  timers.set(Timer::Subscriptions, subscriptions.next_deadline());
  timers.set(Timer::Outbox, outbox.next_deadline());
  timers.set(Timer::BatchFlush, output.batcher.flush_deadline());
}

// ---- messages

ClientSession::Parts::Verdict ClientSession::Parts::handle_frames(Now now, ByteView message) {
  if (message.size() > limits::relay_message_bytes_max) {
    return Violation{DisconnectCode::MalformedFrame, "message over relay_message_bytes_max"};
  }
  FrameDecoder decoder(message);
  while (std::optional<Result<Frame>> frame = decoder.next()) {
    if (!frame->ok()) {
      return Violation{close_code_of(frame->error().code), frame->error().message};
    }
    if (Verdict violation = handle_frame(now, **frame)) {
      return violation;
    }
    if (connector.connection() != greeted_) {
      break;  // this frame ended the connection
    }
  }
  return std::nullopt;
}

ClientSession::Parts::Verdict ClientSession::Parts::handle_frame(Now now, const Frame& frame) {
  if (const auto* block = std::get_if<BlockFrame>(&frame);
      block != nullptr && connector.is_live()) {
    handle_block(now, *block);
    return std::nullopt;
  }
  if (const auto* ping = std::get_if<PingFrame>(&frame)) {
    handle_ping(now, *ping);
    return std::nullopt;
  }
  if (const auto* pong = std::get_if<PongFrame>(&frame)) {
    if (const std::optional<Duration> round_trip = heartbeat.handle_pong(now, pong->nonce)) {
      output.stats.round_trip_us = static_cast<std::uint64_t>(round_trip->count());
    }
    return std::nullopt;
  }
  if (const auto* disconnect = std::get_if<DisconnectFrame>(&frame)) {
    connector.handle_disconnect(now, *disconnect);
    return std::nullopt;
  }
  if (connector.is_live()) {
    return handle_live_frame(now, frame);
  }
  if (const auto* welcome = std::get_if<WelcomeFrame>(&frame)) {
    return handle_welcome(now, *welcome);
  }
  return Violation{DisconnectCode::UnexpectedFrame, "the relay spoke before its welcome"};
}

ClientSession::Parts::Verdict ClientSession::Parts::handle_live_frame(Now now, const Frame& frame) {
  if (const auto* subscribed = std::get_if<SubscribedFrame>(&frame)) {
    Status status = subscriptions.handle_subscribed(now, *subscribed);
    return status.ok() ? Verdict()
                       : Violation{close_code_of(status.error().code), status.error().message};
  }
  if (const auto* unsubscribed = std::get_if<UnsubscribedFrame>(&frame)) {
    subscriptions.handle_unsubscribed(now, *unsubscribed);
    return std::nullopt;
  }
  if (const auto* acknowledged = std::get_if<PublishAckFrame>(&frame)) {
    outbox.handle_acknowledged(*acknowledged);
    return std::nullopt;
  }
  if (const auto* conflict = std::get_if<PublishConflictFrame>(&frame)) {
    outbox.handle_conflict(*conflict);
    return std::nullopt;
  }
  if (const auto* refused = std::get_if<RefusedFrame>(&frame)) {
    handle_refused(now, *refused);
    return std::nullopt;
  }
  return Violation{DisconnectCode::UnexpectedFrame,
                   "a frame that a relay does not send, or not now"};
}

ClientSession::Parts::Verdict ClientSession::Parts::handle_welcome(Now now,
                                                                   const WelcomeFrame& welcome) {
  if (welcome.version < wire::kProtocolVersionMin || welcome.version > wire::kProtocolVersion) {
    connector.fail(now, static_cast<std::uint16_t>(DisconnectCode::UnsupportedVersion),
                   "the relay speaks a protocol version that this client does not");
    return std::nullopt;
  }
  connector.handle_welcome(now, welcome);
  heartbeat.start(now, std::chrono::milliseconds(welcome.heartbeat_interval_ms),
                  std::chrono::milliseconds(welcome.heartbeat_timeout_ms));
  const std::size_t accepted =
      welcome.message_bytes_max != 0 ? welcome.message_bytes_max : limits::client_message_bytes_max;
  output.batcher.set_message_bytes_max(std::min(accepted, limits::batch_bytes_max));
  subscriptions.handle_welcome(now);
  outbox.handle_welcome(now, accepted);
  return std::nullopt;
}

void ClientSession::Parts::handle_ping(Now now, const PingFrame& ping) {
  output.batcher.add(now, PongFrame{ping.nonce});
  if (heartbeat.wants_measurement()) {  // rides with the answer, once on each connection
    output.batcher.add(now, PingFrame{heartbeat.start_measurement(now)});
  }
  output.batcher.flush();
}

void ClientSession::Parts::handle_refused(Now now, const RefusedFrame& refused) {
  RefusalVerdict verdict = outbox.handle_refused(now, refused);
  if (verdict == RefusalVerdict::NotMine) {
    verdict = subscriptions.handle_refused(now, refused);
  }
  if (verdict == RefusalVerdict::RenewToken) {
    connector.renew_token(now, refused.error.message);
  }
}

void ClientSession::Parts::handle_block(Now now, const BlockFrame& frame) {
  const BlockView& block = frame.block;
  Subscription* subscription = subscriptions.find_stream(block.stream());
  if (subscription == nullptr) {
    ++output.stats.unbound_blocks;
    return;
  }
  const CursorVerdict verdict = subscription->cursor.handle_block(block.range(), frame.more);
  switch (verdict.kind) {
    case CursorVerdict::Kind::Apply:
      if (subscription->records == nullptr) {
        delivery.deliver(subscription->id, block, verdict.drop_at_or_below);
      } else if (!handle_records(now, *subscription, frame, verdict.drop_at_or_below)) {
        return;
      }
      break;
    case CursorVerdict::Kind::Duplicate:
      output.stats.duplicates_dropped += block.row_count();
      break;
    case CursorVerdict::Kind::Gap:
      subscriptions.handle_gap(now, *subscription);
      return;
  }
  if (verdict.became_live) {
    output.events.push(SubscriptionLive{subscription->id});
  }
  const Offset offset = block.range().offset;
  if (frame.has_digest && subscription->records != nullptr &&
      subscription->cursor.position()->offset == offset) {
    subscriptions.handle_digest(now, *subscription, block.digest(), offset);
  }
}

bool ClientSession::Parts::handle_records(Now now, Subscription& subscription,
                                          const BlockFrame& frame, Offset from) {
  RecordReader& reader = *subscription.records;
  changes_.clear();
  reader.apply(frame, from, subscription.cursor.position()->offset, changes_);
  output.stats.records_repaired += changes_.repaired;
  std::optional<Error> excess = RecordReader::excess(subscriptions.record_use());
  if (!excess) {
    const Status delivered =
        delivery.deliver_records(subscription.id, frame.block, changes_, reader.store());
    excess = delivered.ok() ? std::nullopt : std::optional(delivered.error());
  }
  if (excess) {
    subscriptions.end_with(now, subscription, std::move(*excess));
    return false;
  }
  if (!changes_.removed.empty()) {
    output.events.push(RecordsRemoved{subscription.id, std::move(changes_.removed)});
  }
  return true;
}

// ---- time and platform

void ClientSession::Parts::handle_timeout(Now now) {
  if (timers.is_due(Timer::Connection, now.monotonic)) {
    connector.handle_timeout(now);
  }
  if (timers.is_due(Timer::Heartbeat, now.monotonic)) {
    switch (heartbeat.handle_deadline(now)) {
      case Heartbeat::Verdict::Alive:
        break;
      case Heartbeat::Verdict::Probe:
        probe(now);
        break;
      case Heartbeat::Verdict::Lost:
        connector.give_up_connection(now, DisconnectCode::HeartbeatTimeout,
                                     "nothing was heard from the relay in time");
        break;
    }
  }
  settle();  // a connection that has just ended takes its parts' deadlines with it
  if (timers.is_due(Timer::Subscriptions, now.monotonic)) {
    subscriptions.handle_timeout(now);
  }
  if (timers.is_due(Timer::Outbox, now.monotonic)) {
    outbox.handle_timeout(now);
  }
}

void ClientSession::Parts::handle_network(Now now, bool online) {
  connector.handle_network(now, online);
  if (online) {
    probe(now);  // the network may be another one now
  }
}

void ClientSession::Parts::handle_resume(Now now) {
  connector.handle_resume(now);
  probe(now);
}

void ClientSession::Parts::probe(Now now) {
  if (const std::optional<std::uint32_t> nonce = heartbeat.start_probe(now)) {
    output.batcher.add(now, PingFrame{*nonce});
    output.batcher.flush();
  }
}

}  // namespace tidegate
