// Gets a connection and keeps it: asks for tokens and sockets, waits between attempts, and decides
// what the end of a connection means. It knows nothing of channels; who sends what on a connection
// is ClientSession's matter. All transitions of SessionState are in this class.
//
// Every method may end the current connection. Callers notice by connection(): what they sent on
// another one is lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/client/backoff.h"
#include "core/client/session_output.h"
#include "core/client/session_state.h"
#include "core/client/token_slot.h"
#include "core/protocol/frame.h"

namespace tidegate {

class Connector {
 public:
  explicit Connector(SessionOutput& output);

  ClientState state() const { return client_state_of(state_, trying_); }
  bool is_live() const { return std::holds_alternative<LiveState>(state_); }
  /// The current socket: opening, greeting or live.
  ConnectionId connection() const { return connection_of(state_); }
  std::optional<Instant> deadline() const { return deadline_of(state_); }
  /// Why the session has failed; nullptr while it has not.
  const FailedState* failure() const { return std::get_if<FailedState>(&state_); }

  void connect(Now now);
  /// Also forgets that the network was down: until connect() nobody has to say that it is back.
  void disconnect(Now now);
  /// For the next attempt. One longer than limits::token_bytes_max ends the session as Failed.
  void set_token(Now now, std::string_view token);

  void handle_token(Now now, std::uint32_t fetch, std::string_view token);
  void handle_token_failure(Now now, std::uint32_t fetch, std::string_view message, bool permanent);
  /// The token to say hello with; nullopt when this is not the socket that is being opened.
  std::optional<std::string> handle_open(ConnectionId connection);
  /// Only while greeting.
  void handle_welcome(Now now, const WelcomeFrame& welcome);
  void handle_disconnect(Now now, const DisconnectFrame& frame);
  void handle_close(Now now, ConnectionId connection, std::uint16_t code, std::string_view reason);
  void handle_network(Now now, bool online);
  /// The machine woke up: an attempt that waits for its turn is made now.
  void handle_resume(Now now);
  void handle_timeout(Now now);

  /// This side ends the connection and tries again later.
  void give_up_connection(Now now, DisconnectCode code, std::string message);
  /// A command was refused because of the token: another one, on another connection.
  void renew_token(Now now, std::string message);
  /// This side ends the connection for good.
  void fail(Now now, std::uint16_t code, std::string message);

 private:
  void attempt(Now now);
  void open(Now now);
  void go_offline(Now now);
  void go_online(Now now);
  /// The attempt or connection ended: what now?
  void lose(Now now, DisconnectAdvice advice, std::uint16_t code, std::string message,
            std::uint32_t retry_after_ms);
  void retry(Now now, std::uint16_t code, std::string message, std::uint32_t retry_after_ms);
  void close_socket(Now now, std::uint16_t code, std::string_view reason);
  /// The socket is no longer ours; the state that follows is the caller's to set.
  void leave_socket(Now now);
  void announce(std::uint16_t code, std::string message, Duration retry_in = Duration::zero());

  SessionOutput& output_;
  SessionState state_;
  ClientState trying_ = ClientState::Connecting;  // what it is called while it is not live
  ClientState announced_ = ClientState::Disconnected;
  Backoff backoff_;
  TokenSlot token_;
  std::uint32_t last_fetch_ = 0;
  std::uint32_t last_connection_ = 0;
  bool network_up_ = true;
};

}  // namespace tidegate
