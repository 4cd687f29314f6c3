// Codes that end a connection or a subscription. (Codes that answer one command are in
// base/error.h.) As there, the range decides what a client does, so an unknown code still leads to
// the right thing.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidegate {

/// Sent in a disconnect frame and as the WebSocket close code.
///   4000–4099  reconnect with backoff      4100–4199  get a new token, then reconnect
///   4500–4999  do not reconnect: someone has to change something first
/// Standard close codes: 1002, 1003, 1007, 1008, 1009 and 1010 are terminal, all others reconnect.
enum class DisconnectCode : std::uint16_t {
  Restarting = 4000,        // the relay drains; retry_after_ms is this connection's slot
  HeartbeatTimeout = 4001,  // nothing was heard for interval + timeout
  HelloTimeout = 4002,      // connected and said nothing
  Overloaded = 4003,        // control queue over its limit
  InternalError = 4004,
  Unavailable = 4005,  // starting, or the token could not be verified in time
  TokenExpired = 4100,
  MalformedFrame = 4500,
  UnsupportedVersion = 4501,
  TokenInvalid = 4502,
  Forbidden = 4503,
  FrameTooLarge = 4504,
  UnexpectedFrame = 4505,
};

enum class DisconnectAdvice : std::uint8_t { Reconnect, RenewToken, Stop };
DisconnectAdvice disconnect_advice(std::uint16_t close_code);
std::string_view disconnect_code_name(DisconnectCode code);

/// Why one subscription ended. 2000–2499: subscribe again; 2500–2999: do not.
enum class UnsubscribeCode : std::uint16_t {
  Insufficient = 2000,  // the relay lost its place: subscribe again from the position
  ByClient = 2500,
  Forbidden = 2501,
};
std::string_view unsubscribe_code_name(UnsubscribeCode code);
constexpr bool may_resubscribe(std::uint16_t code) { return code < 2500; }

/// How a subscribe was answered. Never partial, never silent.
enum class SubscribeOutcome : std::uint8_t {
  Recovered = 0,  // blocks continue from the client's position: nothing was missed
  Snapshot = 1,   // what follows replaces whatever the channel held
};

/// Why a Snapshot and not a recovery.
enum class SnapshotReason : std::uint8_t {
  None = 0,             // (Recovered)
  NoPosition = 1,       // the client had none
  EpochChanged = 2,     // the stream is another one
  HistoryExceeded = 3,  // the position is older than history reaches
  PositionUnknown = 4,  // the position is ahead of the stream
  AnotherView = 5,      // it begins exactly at the position, which was one without a filter
};
std::string_view snapshot_reason_name(SnapshotReason reason);

/// How a subscription comes from where it starts to where the stream is.
enum class CatchUp : std::uint8_t {
  None = 0,     // it is there
  Replay = 1,   // the publications since
  Changes = 2,  // the records that have changed since, as they are now
  Records = 3,  // all records, as they are now
};

enum class PublishOutcome : std::uint8_t {
  Applied = 0,
  Duplicate = 1,  // the idempotency key was used before, with the same publication
  Stale = 2,      // its source version was not above the latest: dropped
};
/// "applied", "duplicate", "stale".
const char* publish_outcome_name(PublishOutcome outcome);

}  // namespace tidegate
