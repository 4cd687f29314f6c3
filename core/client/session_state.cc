#include "core/client/session_state.h"

namespace tidegate {

ConnectionId connection_of(const SessionState& state) {
  if (const auto* opening = std::get_if<OpeningState>(&state)) {
    return opening->connection;
  }
  if (const auto* greeting = std::get_if<GreetingState>(&state)) {
    return greeting->connection;
  }
  if (const auto* live = std::get_if<LiveState>(&state)) {
    return live->connection;
  }
  return ConnectionId::None;
}

std::optional<Instant> deadline_of(const SessionState& state) {
  if (const auto* fetching = std::get_if<FetchingTokenState>(&state)) {
    return fetching->deadline;
  }
  if (const auto* opening = std::get_if<OpeningState>(&state)) {
    return opening->deadline;
  }
  if (const auto* greeting = std::get_if<GreetingState>(&state)) {
    return greeting->deadline;
  }
  if (const auto* waiting = std::get_if<WaitingState>(&state)) {
    return waiting->until;
  }
  return std::nullopt;
}

ClientState client_state_of(const SessionState& state, ClientState trying) {
  if (std::holds_alternative<IdleState>(state)) {
    return ClientState::Disconnected;
  }
  if (std::holds_alternative<LiveState>(state)) {
    return ClientState::Live;
  }
  if (std::holds_alternative<NetworkDownState>(state)) {
    return ClientState::Offline;
  }
  if (std::holds_alternative<FailedState>(state)) {
    return ClientState::Failed;
  }
  return trying;
}

}  // namespace tidegate
