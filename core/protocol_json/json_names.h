// The words of the JSON encoding `tidegate.v1.json`: its subprotocol, and the names of enumerated
// values in the order of their numbers. docs/PROTOCOL.md, "JSON subprotocol", is the specification.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidegate::json {

inline constexpr char kSubprotocol[] = "tidegate.v1.json";

inline constexpr std::string_view kOperations[] = {"append", "set", "merge", "delete"};
inline constexpr std::string_view kChannelKinds[] = {"log", "state", "signal"};
inline constexpr std::string_view kSubscribeOutcomes[] = {"recovered", "snapshot"};
inline constexpr std::string_view kSnapshotReasons[] = {
    "none", "no_position", "epoch_changed", "history_exceeded", "position_unknown", "another_view"};
inline constexpr std::string_view kCatchUps[] = {"none", "replay", "changes", "records"};
inline constexpr std::string_view kPublishOutcomes[] = {"applied", "duplicate", "stale"};

/// `history` of a subscribe that wants all that is kept.
inline constexpr std::string_view kHistoryAll = "all";

template <typename Enum, std::size_t kCount>
constexpr std::string_view name_of(const std::string_view (&names)[kCount], Enum value) {
  return names[static_cast<std::size_t>(value)];
}

}  // namespace tidegate::json
