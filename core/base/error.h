// Errors are values. One list of codes serves the wire, C++, TypeScript, logs and documentation.
//
// The range of a code tells a client what to do, so that a code it has never heard of still leads
// to the right behaviour:
//   100–199  temporary: the same command may succeed when it is repeated (with its idempotency key)
//   200–299  credentials: get a new token, then repeat
//   300–399  permanent: repeating the same command cannot succeed
//   400–499  protocol: the peer broke the wire format; the connection ends
//   500–599  internal: a defect on our side; counted and logged
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tidegate {

enum class ErrorCode : std::uint16_t {
  Timeout = 100,         // no answer within the deadline
  Unavailable = 101,     // the relay is starting, draining, or its store is
  RateLimited = 102,     // over a rate; retry_after says when
  OutcomeUnknown = 103,  // the append may or may not have happened; repeat with the same key
  Busy = 104,            // too many commands in flight on this connection
  ConnectionLost = 105,  // the connection ended before the answer (raised by the client itself)

  TokenExpired = 200,   // the token was valid once
  TokenRequired = 201,  // no token was sent

  BadRequest = 300,        // a field is missing or malformed
  InvalidChannel = 301,    // the name does not follow the channel grammar
  Forbidden = 302,         // the claims give no such right
  UnknownNamespace = 303,  // no configured namespace matches the channel
  InvalidPayload = 304,    // not exactly one JSON value, or not valid UTF-8, or nested too deeply
  PayloadTooLarge = 305,   // over publication_payload_bytes_max
  EpochMismatch = 306,     // if_epoch names another epoch than the channel's
  IdempotencyConflict = 307,  // the same key or event id was used before with another payload
  LimitExceeded = 308,        // a named limit; the message names it
  TokenInvalid = 309,         // signature, algorithm, audience or format; a retry will not help
  QueueFull = 310,            // the client's own outbox is full
  Disposed = 311,             // the object was disposed of
  Unsupported = 312,          // understood, but not offered here
  NotFound = 313,             // no such route, resource or subscription
  VersionMismatch = 314,      // if_version names another version than the record's
  HistoryExceeded = 315,      // what was asked for is older than what is kept

  MalformedFrame = 400,
  UnsupportedVersion = 401,
  FrameTooLarge = 402,
  UnexpectedFrame = 403,  // a known frame that is not allowed in this state
  UnknownFrameType = 404,

  Internal = 500,
};

/// What stands in the way of a condition: the record as it is.
struct CurrentRecord {
  std::uint64_t version = 0;  // 0: there is none
  bool is_binary = false;
  std::string payload;  // empty when there is none
};

struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;                             // what is wrong and what to do, for a person
  std::uint32_t retry_after_ms = 0;                // 0: no advice
  std::shared_ptr<const CurrentRecord> current{};  // with VersionMismatch
};

/// True when repeating the same command may succeed (100–199).
constexpr bool is_temporary(ErrorCode code) {
  const auto value = static_cast<std::uint16_t>(code);
  return value >= 100 && value < 200;
}

/// The name used in logs, JSON and TypeScript, for example "token_expired". "unknown" for others.
std::string_view error_code_name(ErrorCode code);

}  // namespace tidegate
