#include "core/client/connector.h"

#include <algorithm>
#include <utility>

namespace tidegate {

namespace {

constexpr std::uint16_t kNormalClosure = 1000;  // RFC 6455, 7.4.1

std::uint16_t number(DisconnectCode code) { return static_cast<std::uint16_t>(code); }

}  // namespace

Connector::Connector(SessionOutput& output)
    : output_(output), backoff_(output.options.backoff_base, output.options.backoff_cap) {}

// ---- commands

void Connector::connect(Now now) {
  if (connection() != ConnectionId::None || std::holds_alternative<FetchingTokenState>(state_)) {
    return;
  }
  if (std::holds_alternative<IdleState>(state_) || std::holds_alternative<FailedState>(state_)) {
    backoff_.reset();
    trying_ = ClientState::Connecting;
  }
  if (!network_up_) {
    go_offline(now);
    return;
  }
  attempt(now);
}

void Connector::disconnect(Now now) {
  close_socket(now, kNormalClosure, "disconnect");
  network_up_ = true;
  state_ = IdleState{};
  announce(0, "disconnect() was called");
}

void Connector::set_token(Now now, std::string_view token) {
  if (!token_.offer(token)) {
    fail(now, number(DisconnectCode::TokenInvalid),
         "the token is longer than token_bytes_max allows");
    return;
  }
  if (std::holds_alternative<FetchingTokenState>(state_)) {
    open(now);
  }
}

// ---- one attempt: token, socket, hello, welcome

void Connector::attempt(Now now) {
  if (!output_.options.fetch_token || token_.is_usable(now)) {
    open(now);
    return;
  }
  state_ = FetchingTokenState{++last_fetch_, now.monotonic + output_.options.connect_timeout};
  output_.effects.push(FetchToken{last_fetch_});
  announce(0, {});
}

void Connector::handle_token(Now now, std::uint32_t fetch, std::string_view token) {
  const auto* fetching = std::get_if<FetchingTokenState>(&state_);
  if (fetching != nullptr && fetching->fetch == fetch) {
    set_token(now, token);
  }
}

void Connector::handle_token_failure(Now now, std::uint32_t fetch, std::string_view message,
                                     bool permanent) {
  const auto* fetching = std::get_if<FetchingTokenState>(&state_);
  if (fetching == nullptr || fetching->fetch != fetch) {
    return;
  }
  const auto advice = permanent ? DisconnectAdvice::Stop : DisconnectAdvice::Reconnect;
  const auto code = permanent ? number(DisconnectCode::TokenInvalid) : std::uint16_t{0};
  lose(now, advice, code, "no token: " + std::string(message), 0);
}

void Connector::open(Now now) {
  const auto connection = static_cast<ConnectionId>(++last_connection_);
  state_ = OpeningState{connection, now.monotonic + output_.options.connect_timeout};
  output_.effects.push(OpenConnection{connection});
  announce(0, {});
}

std::optional<std::string> Connector::handle_open(ConnectionId connection) {
  const auto* opening = std::get_if<OpeningState>(&state_);
  if (opening == nullptr || opening->connection != connection) {
    return std::nullopt;
  }
  state_ = GreetingState{connection, opening->deadline};
  ++output_.stats.connections_opened;
  return token_.use();
}

void Connector::handle_welcome(Now now, const WelcomeFrame& welcome) {
  token_.handle_lifetime(now, welcome.token_expires_in_ms);
  state_ = LiveState{connection(), now.monotonic};
  announce(0, {});
}

// ---- the end of an attempt or a connection

void Connector::handle_disconnect(Now now, const DisconnectFrame& frame) {
  close_socket(now, kNormalClosure, "disconnect frame received");
  lose(now, disconnect_advice(frame.code), frame.code, frame.message, frame.retry_after_ms);
}

void Connector::handle_close(Now now, ConnectionId closed, std::uint16_t code,
                             std::string_view reason) {
  if (closed != ConnectionId::None && closed == connection()) {
    leave_socket(now);
    lose(now, disconnect_advice(code), code, std::string(reason), 0);
  }
}

void Connector::give_up_connection(Now now, DisconnectCode code, std::string message) {
  close_socket(now, number(code), message);
  lose(now, DisconnectAdvice::Reconnect, number(code), std::move(message), 0);
}

void Connector::renew_token(Now now, std::string message) {
  close_socket(now, kNormalClosure, "the token is to be renewed");
  lose(now, DisconnectAdvice::RenewToken, number(DisconnectCode::TokenExpired), std::move(message),
       0);
}

void Connector::lose(Now now, DisconnectAdvice advice, std::uint16_t code, std::string message,
                     std::uint32_t retry_after_ms) {
  if (advice == DisconnectAdvice::Stop) {
    fail(now, code, std::move(message));
    return;
  }
  if (advice == DisconnectAdvice::RenewToken) {
    token_.reject();
    if (!output_.options.fetch_token && !token_.is_unused()) {
      fail(now, code, message + " (give a new token by set_token(), then connect())");
      return;
    }
  }
  retry(now, code, std::move(message), retry_after_ms);
}

void Connector::retry(Now now, std::uint16_t code, std::string message,
                      std::uint32_t retry_after_ms) {
  const std::uint32_t attempts_max = output_.options.reconnect_attempts_max;
  if (attempts_max != 0 && backoff_.attempt() >= attempts_max) {
    fail(now, code, "gave up after reconnect_attempts_max attempts: " + message);
    return;
  }
  Duration delay = backoff_.next_delay(output_.prng);
  if (retry_after_ms != 0) {
    delay = std::chrono::milliseconds(retry_after_ms);
  }
  trying_ = ClientState::Reconnecting;
  state_ = WaitingState{now.monotonic + delay, retry_after_ms != 0};
  announce(code, std::move(message), delay);
}

void Connector::fail(Now now, std::uint16_t code, std::string message) {
  close_socket(now, code, message);
  state_ = FailedState{code, message};
  announce(code, std::move(message));
}

// ---- the platform

void Connector::handle_network(Now now, bool online) {
  network_up_ = online;
  if (std::holds_alternative<IdleState>(state_) || std::holds_alternative<FailedState>(state_)) {
    return;
  }
  if (!online) {
    go_offline(now);
    return;
  }
  go_online(now);
}

void Connector::go_online(Now now) {
  const auto* waiting = std::get_if<WaitingState>(&state_);
  const auto* down = std::get_if<NetworkDownState>(&state_);
  if (down == nullptr && (waiting == nullptr || waiting->slot_given)) {
    return;
  }
  // Jitter here, too: a network that returns returns for everybody in the building.
  WaitingState next{now.monotonic + output_.prng.duration_up_to(limits::online_jitter_max)};
  if (waiting != nullptr) {
    next.until = std::min(next.until, waiting->until);
  } else if (down->slot && *down->slot > next.until) {
    next = WaitingState{*down->slot, true};
  }
  state_ = next;
  announce(0, "the network is back", next.until - now.monotonic);
}

void Connector::go_offline(Now now) {
  if (std::holds_alternative<NetworkDownState>(state_)) {
    return;
  }
  std::optional<Instant> slot;
  if (const auto* waiting = std::get_if<WaitingState>(&state_);
      waiting != nullptr && waiting->slot_given) {
    slot = waiting->until;
  }
  if (!std::holds_alternative<IdleState>(state_) && !std::holds_alternative<FailedState>(state_)) {
    trying_ = ClientState::Reconnecting;
  }
  close_socket(now, kNormalClosure, "the network is down");
  state_ = NetworkDownState{slot};
  announce(0, "the network is down");
}

void Connector::handle_resume(Now now) {
  const auto* waiting = std::get_if<WaitingState>(&state_);
  if (waiting != nullptr && !waiting->slot_given) {
    attempt(now);
  }
}

void Connector::handle_timeout(Now now) {
  const std::optional<Instant> due = deadline();
  if (!due || now.monotonic < *due) {
    return;
  }
  if (std::holds_alternative<WaitingState>(state_)) {
    attempt(now);
    return;
  }
  const std::string message = std::holds_alternative<FetchingTokenState>(state_)
                                  ? "no token within connect_timeout"
                                  : "no welcome within connect_timeout";
  close_socket(now, kNormalClosure, message);
  lose(now, DisconnectAdvice::Reconnect, 0, message, 0);
}

// ---- what leaves

void Connector::close_socket(Now now, std::uint16_t code, std::string_view reason) {
  const ConnectionId closing = connection();
  if (closing == ConnectionId::None) {
    return;
  }
  output_.effects.push(CloseConnection{
      closing, code, std::string(reason.substr(0, limits::close_reason_bytes_max))});
  leave_socket(now);
}

void Connector::leave_socket(Now now) {
  const auto* live = std::get_if<LiveState>(&state_);
  if (live != nullptr && now.monotonic - live->since >= limits::live_stable_after) {
    backoff_.reset();
  }
  state_ = IdleState{};
}

void Connector::announce(std::uint16_t code, std::string message, Duration retry_in) {
  const ClientState now_in = state();
  const bool waits = std::holds_alternative<WaitingState>(state_);
  if (now_in == announced_ && !waits) {
    return;
  }
  announced_ = now_in;
  const auto retry_in_ms = std::chrono::duration_cast<std::chrono::milliseconds>(retry_in).count();
  output_.events.push(StateChanged{now_in, code, backoff_.attempt(),
                                   static_cast<std::uint32_t>(retry_in_ms), std::move(message)});
}

}  // namespace tidegate
