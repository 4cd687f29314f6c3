#include "edge/relay/session_flow.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "core/base/prng.h"

namespace tidegate::relay {
namespace {

std::uint32_t in_ms(Duration duration) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

DisconnectCode disconnect_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::TokenExpired:
      return DisconnectCode::TokenExpired;
    case ErrorCode::Forbidden:
      return DisconnectCode::Forbidden;
    case ErrorCode::Internal:
      return DisconnectCode::InternalError;
    default:
      return is_temporary(code) ? DisconnectCode::Unavailable : DisconnectCode::TokenInvalid;
  }
}

}  // namespace

ConnectionHandle SessionFlow::handle_connected(Now now, Encoding encoding) {
  const ConnectionHandle handle = sessions_.add(encoding);
  RelaySession& session = sessions_.at(handle.slot);
  session.last_received = now.monotonic;
  session.last_sent = now.monotonic;
  session.last_pinged = now.monotonic;
  session.state = AwaitingHello{now.monotonic + context_.config().hello_timeout};
  ++context_.counters.connections_opened;
  if (draining_) {
    end(handle.slot, DisconnectCode::Unavailable,
        "the relay is going down; come back a little later", 1000);
  } else {
    schedule(now, handle.slot);
  }
  return handle;
}

void SessionFlow::handle_message(Now now, ConnectionHandle connection, ByteView message) {
  RelaySession* session = sessions_.find(connection);
  if (session == nullptr || std::holds_alternative<Ending>(session->state)) {
    return;
  }
  ++context_.counters.messages_received;
  session->last_received = now.monotonic;
  const std::uint32_t slot = connection.slot;
  if (message.size() > context_.config().client_message_bytes_max) {
    end(slot, DisconnectCode::FrameTooLarge,
        "a message may have " + std::to_string(context_.config().client_message_bytes_max) +
            " bytes, this one has " + std::to_string(message.size()));
  } else if (message.empty()) {
    end_malformed(slot, Error{ErrorCode::MalformedFrame, "a message has at least one frame", 0});
  } else if (std::holds_alternative<AwaitingHello>(session->state)) {
    handle_hello(now, slot, message);
  } else if (auto* verifying = std::get_if<Verifying>(&session->state)) {
    Verifying::Kept& kept = *verifying->kept;
    kept.bytes += message.size() + sizeof(UnreadFrames);  // many small ones hold more than they say
    if (kept.bytes > context_.config().client_message_bytes_max) {
      end(slot, DisconnectCode::Overloaded,
          "too much was sent before the token was verified; wait for welcome");
      return;
    }
    kept.messages.push_back(UnreadFrames{Bytes(message.begin(), message.end()), 0});
  } else {
    handle_frames(now, slot, MessageDecoder(session->encoding, message));
  }
}

void SessionFlow::handle_hello(Now now, std::uint32_t slot, ByteView message) {
  MessageDecoder decoder(sessions_.at(slot).encoding, message);
  std::optional<Result<Frame>> first = decoder.next();
  if (!first.has_value()) {
    return;  // optional frames that this relay does not know
  }
  if (!first->ok()) {
    end_malformed(slot, first->error());
    return;
  }
  auto* hello = std::get_if<HelloFrame>(&first->value());
  if (hello == nullptr) {
    end(slot, DisconnectCode::UnexpectedFrame, "the first frame must be hello");
    return;
  }
  if (hello->version < wire::kProtocolVersionMin || hello->version > wire::kProtocolVersion) {
    end(slot, DisconnectCode::UnsupportedVersion,
        "this relay speaks versions " + std::to_string(wire::kProtocolVersionMin) + " to " +
            std::to_string(wire::kProtocolVersion) + ", not " + std::to_string(hello->version));
    return;
  }
  if (hello->client.size() > limits::client_label_bytes_max ||
      hello->session_id.size() > limits::session_id_bytes_max) {
    end_malformed(slot, Error{ErrorCode::MalformedFrame,
                              "hello: the client label or the session id is too long", 0});
    return;
  }
  if (hello->token.empty() || hello->token.size() > limits::token_bytes_max) {
    end(slot, DisconnectCode::TokenInvalid,
        hello->token.empty() ? "a token is required" : "the token is too long");
    return;
  }
  Verifying verifying;
  verifying.effect = context_.next_effect_id();
  verifying.deadline = now.monotonic + limits::verify_timeout;
  verifying.kept = std::make_unique<Verifying::Kept>();
  verifying.kept->session_id = std::move(hello->session_id);
  verifying.kept->client = std::move(hello->client);
  if (UnreadFrames rest = decoder.rest(); !rest.message.empty()) {
    verifying.kept->bytes = rest.message.size();
    verifying.kept->messages.push_back(std::move(rest));
  }
  verifying_.emplace(verifying.effect, sessions_.handle_of(slot));
  context_.emit(VerifyToken{verifying.effect, std::move(hello->token)});
  sessions_.at(slot).state = std::move(verifying);
  schedule(now, slot);
}

void SessionFlow::handle_token_result(Now now, EffectId id, Result<ClaimsPtr> result) {
  const auto found = verifying_.find(id);
  if (found == verifying_.end()) {
    return;
  }
  const ConnectionHandle connection = found->second;
  verifying_.erase(found);
  RelaySession* session = sessions_.find(connection);
  if (session == nullptr || !std::holds_alternative<Verifying>(session->state)) {
    return;
  }
  if (!result.ok()) {
    refuse_token(connection.slot, result.error());
    return;
  }
  ClaimsPtr claims = std::move(result).value();
  if (claims == nullptr) {
    refuse_token(connection.slot, Error{ErrorCode::Internal, "the token has no claims", 0});
  } else if (claims->expires_at.has_value() && *claims->expires_at <= now.wall) {
    refuse_token(connection.slot, Error{ErrorCode::TokenExpired, "the token has expired", 0});
  } else {
    activate(now, connection.slot, std::move(claims));
  }
}

void SessionFlow::refuse_token(std::uint32_t slot, const Error& error) {
  end(slot, disconnect_code_of(error.code), error.message, error.retry_after_ms);
}

void SessionFlow::activate(Now now, std::uint32_t slot, ClaimsPtr claims) {
  RelaySession& session = sessions_.at(slot);
  const std::unique_ptr<Verifying::Kept> kept =
      std::move(std::get_if<Verifying>(&session.state)->kept);
  claims = claims_.intern(std::move(claims));
  const std::string name = connection_name(context_.options, sessions_.handle_of(slot));
  context_.log(LogLevel::Debug, "connection " + name + " is " + printable(claims->tenant) + "/" +
                                    printable(claims->subject) + " with " +
                                    printable(kept->client));
  WelcomeFrame welcome;
  welcome.relay = context_.config().label;
  welcome.connection_id = name;
  welcome.heartbeat_interval_ms = in_ms(context_.config().heartbeat_interval);
  welcome.heartbeat_timeout_ms = in_ms(context_.config().heartbeat_timeout);
  welcome.message_bytes_max =
      static_cast<std::uint32_t>(context_.config().client_message_bytes_max);
  welcome.time = now.wall;
  if (claims->expires_at.has_value()) {
    welcome.token_expires_in_ms =
        static_cast<std::uint64_t>((*claims->expires_at - now.wall).count());
  }
  session.state = Active{std::move(claims), std::move(kept->session_id)};
  writer_.say(slot, welcome);
  schedule(now, slot);
  for (const UnreadFrames& frames : kept->messages) {
    if (std::holds_alternative<Active>(session.state)) {
      handle_frames(now, slot,
                    MessageDecoder(session.encoding, frames.message, frames.frames_read));
    }
  }
}

void SessionFlow::handle_disconnected(Now now, ConnectionHandle connection) {
  if (sessions_.find(connection) != nullptr) {
    forget(now, connection.slot);
  }
}

void SessionFlow::forget(Now now, std::uint32_t slot) {
  stop_verifying(slot);
  hub_.remove_session(now, slot);
  deadlines_.clear(slot);
  sessions_.remove(slot);
  ++context_.counters.connections_closed;
}

void SessionFlow::end(std::uint32_t slot, DisconnectCode code, std::string message,
                      std::uint32_t retry_after_ms) {
  stop_verifying(slot);
  writer_.disconnect(slot, code, std::move(message), retry_after_ms);
}

void SessionFlow::stop_verifying(std::uint32_t slot) {
  if (const auto* verifying = std::get_if<Verifying>(&sessions_.at(slot).state)) {
    verifying_.erase(verifying->effect);
  }
}

bool SessionFlow::end_one(Now now) {
  const std::optional<std::uint32_t> slot = writer_.poll_ending();
  if (!slot.has_value()) {
    return false;
  }
  RelaySession& session = sessions_.at(*slot);
  const ConnectionHandle handle = sessions_.handle_of(*slot);
  const DisconnectFrame frame = *std::get_if<Ending>(&session.state)->frame;
  if (session.writing != Writing::Blocked) {
    // A blocked connection learns the code from the close alone.
    Bytes last;
    if (session.control.size() <= limits::joined_message_bytes_max) {
      last.swap(session.control);
    }
    append_frame(session.encoding, frame, last);
    context_.emit(Transmit{joined_message(session.encoding, last, {}), {handle}});
    ++context_.counters.messages_sent;
  }
  context_.emit(Close{handle, frame.code, frame.message});
  forget(now, *slot);
  return true;
}

void SessionFlow::schedule(Now now, std::uint32_t slot) {
  const RelaySession& session = sessions_.at(slot);
  if (const auto* awaiting = std::get_if<AwaitingHello>(&session.state)) {
    deadlines_.set(slot, awaiting->deadline);
  } else if (const auto* verifying = std::get_if<Verifying>(&session.state)) {
    deadlines_.set(slot, verifying->deadline);
  } else if (const auto* active = std::get_if<Active>(&session.state)) {
    // Only looked at when it fires: messages in either direction do not touch the queue.
    const Duration interval = context_.config().heartbeat_interval;
    const Instant silent_since = std::min(session.last_sent, session.last_received);
    Instant at = std::max(silent_since, session.last_pinged) + interval;
    at = std::min(at, session.last_received + interval + context_.config().heartbeat_timeout);
    if (active->claims->expires_at.has_value()) {
      const Duration left = std::min<Duration>(*active->claims->expires_at - now.wall, interval);
      at = std::min(at, now.monotonic + left);
    }
    deadlines_.set(slot, at);
  } else {
    deadlines_.clear(slot);
  }
}

void SessionFlow::check_active(Now now, std::uint32_t slot) {
  RelaySession& session = sessions_.at(slot);
  const Claims& claims = *std::get_if<Active>(&session.state)->claims;
  const Duration interval = context_.config().heartbeat_interval;
  if (claims.expires_at.has_value() && *claims.expires_at <= now.wall) {
    end(slot, DisconnectCode::TokenExpired, "the token has expired; connect again with a new one");
  } else if (now.monotonic >=
             session.last_received + interval + context_.config().heartbeat_timeout) {
    end(slot, DisconnectCode::HeartbeatTimeout, "nothing was heard from the client for too long");
  } else {
    const Instant silent_since = std::min(session.last_sent, session.last_received);
    if (now.monotonic >= std::max(silent_since, session.last_pinged) + interval) {
      session.last_pinged = now.monotonic;
      writer_.say(slot, PingFrame{});
    }
    schedule(now, slot);
  }
}

void SessionFlow::handle_timeout(Now now) {
  while (const std::optional<std::uint32_t> slot = deadlines_.pop_due(now.monotonic)) {
    const SessionState& state = sessions_.at(*slot).state;
    if (std::holds_alternative<AwaitingHello>(state)) {
      end(*slot, DisconnectCode::HelloTimeout,
          "connected and said nothing; hello is expected first");
    } else if (std::holds_alternative<Verifying>(state)) {
      end(*slot, DisconnectCode::Unavailable, "the token could not be verified in time");
    } else if (std::holds_alternative<Active>(state)) {
      check_active(now, *slot);
    }
  }
}

void SessionFlow::drain(Duration window, std::uint64_t seed) {
  draining_ = true;
  std::vector<std::uint32_t> slots;
  for (std::uint32_t slot = 0; slot < sessions_.slots(); ++slot) {
    if (sessions_.at(slot).open) {
      slots.push_back(slot);
    }
  }
  // Every connection has a slot of its own in the window, given at random.
  Prng prng(seed);
  for (std::size_t left = slots.size(); left > 1; --left) {
    std::swap(slots[left - 1], slots[static_cast<std::size_t>(prng.below(left))]);
  }
  for (std::size_t index = 0; index < slots.size(); ++index) {
    const Duration begin =
        window * static_cast<std::int64_t>(index) / static_cast<std::int64_t>(slots.size());
    end(slots[index], DisconnectCode::Restarting,
        "the relay restarts; come back in this connection's slot",
        std::max<std::uint32_t>(1, in_ms(begin)));
  }
}

}  // namespace tidegate::relay
