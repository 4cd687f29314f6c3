// Where a session stands between "not started" and "live", as one value: each state carries exactly
// the fields that mean something in it. The transitions are Connector's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "core/base/time.h"
#include "core/client/event.h"

namespace tidegate {

/// Not started, or ended by disconnect().
struct IdleState {};
/// The shell was asked for a token.
struct FetchingTokenState {
  std::uint32_t fetch = 0;
  Instant deadline;
};
/// The shell was asked for a socket.
struct OpeningState {
  ConnectionId connection = ConnectionId::None;
  Instant deadline;
};
/// The socket is open, hello is sent, the welcome is not here yet. The deadline is the one of
/// opening: a relay that accepts and says nothing is as good as none.
struct GreetingState {
  ConnectionId connection = ConnectionId::None;
  Instant deadline;
};
struct LiveState {
  ConnectionId connection = ConnectionId::None;
  Instant since;
};
/// Waits before the next attempt.
struct WaitingState {
  Instant until;
  /// The relay gave this connection a slot of its own; only the application may come earlier.
  bool slot_given = false;
};
/// The platform says that there is no network.
struct NetworkDownState {
  std::optional<Instant> slot;  // which the relay had given; it holds over a time without network
};
/// For a reason that trying again cannot remove.
struct FailedState {
  std::uint16_t code = 0;  // a DisconnectCode or a WebSocket close code
  std::string message;
};

using SessionState = std::variant<IdleState, FetchingTokenState, OpeningState, GreetingState,
                                  LiveState, WaitingState, NetworkDownState, FailedState>;

/// The socket that belongs to the state; None where there is none.
ConnectionId connection_of(const SessionState& state);
/// When the state ends by itself.
std::optional<Instant> deadline_of(const SessionState& state);
/// What the application is told; `trying` is Connecting or Reconnecting.
ClientState client_state_of(const SessionState& state, ClientState trying);

}  // namespace tidegate
