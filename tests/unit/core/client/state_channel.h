// What tests say in a relay's place about a state channel: its answers, replays, pages and sweeps.
#pragma once

#include "tests/unit/core/client/client_shell.h"

namespace tidegate::testing {

/// One operation on a record, at its version. A payload that begins with a brace is JSON; every
/// other one is sent as binary.
struct StateRow {
  std::uint64_t version = 0;
  std::string key;
  Operation operation = Operation::Set;
  std::string payload = "{}";
};
inline StateRow set(std::uint64_t version, std::string key, std::string payload) {
  return {version, std::move(key), Operation::Set, std::move(payload)};
}
inline StateRow merge(std::uint64_t version, std::string key, std::string payload) {
  return {version, std::move(key), Operation::Merge, std::move(payload)};
}
inline StateRow erase(std::uint64_t version, std::string key) {
  return {version, std::move(key), Operation::Delete, {}};
}

struct Page {
  enum class Kind : std::uint8_t { Replay, Changes, Sweep };
  Kind kind = Kind::Replay;
  std::string after{};
  std::string until{};
  bool more = false;
  std::optional<std::uint64_t> digest{};
  /// Of a sweep; 0: as early as its range and its rows allow.
  std::uint64_t read_at = 0;
};
inline constexpr auto kReplay = Page::Kind::Replay;
inline constexpr auto kChanges = Page::Kind::Changes;
inline constexpr auto kSweep = Page::Kind::Sweep;

/// A whole block frame.
Bytes state_block(std::uint32_t stream, std::uint64_t previous, std::uint64_t offset,
                  const std::vector<StateRow>& rows, const Page& page = {});

/// The answer to a subscribe of a state channel.
SubscribedFrame state_answer(RequestId request, std::uint32_t stream, std::string_view name,
                             SnapshotReason reason, StreamPosition start, std::uint64_t target,
                             CatchUp catch_up);

}  // namespace tidegate::testing
