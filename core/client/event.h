// What a client session says: events for the application, effects for the shell. Plain values; the
// two lists below are all there is. Ids are small numbers chosen by the session and never reused in
// it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "core/protocol/codes.h"
#include "core/stream/publication.h"
#include "core/stream/stream_position.h"

namespace tidegate {

enum class SubscriptionId : std::uint32_t { None = 0 };
enum class ListenerId : std::uint32_t { None = 0 };
/// One socket's life. The shell passes it back with everything that socket says, so that the last
/// words of an old socket are never taken for those of a new one.
enum class ConnectionId : std::uint32_t { None = 0 };

enum class ClientState : std::uint8_t {
  Disconnected = 0,  // not started, or disconnect() was called
  Connecting = 1,    // first attempt
  Live = 2,          // welcomed by the relay
  Reconnecting = 3,  // was live or failed to get there; trying again
  Offline = 4,       // the shell says there is no network; waits for it
  Failed = 5,        // a code that says stop, or out of attempts; connect() starts anew
};

// ---- events, in the order in which they happened

struct StateChanged {
  ClientState state = ClientState::Disconnected;
  std::uint16_t code = 0;     // DisconnectCode or WebSocket close code that led here; 0: none
  std::uint32_t attempt = 0;  // of reconnecting
  std::uint32_t retry_in_ms = 0;
  std::string message;
};

/// A subscription was answered. Snapshot: forget what the channel held before the rows that follow,
/// unless its kind is State: then what is gone is told by RecordsRemoved, and the rest stays.
struct SubscriptionStarted {
  SubscriptionId subscription = SubscriptionId::None;
  SubscribeOutcome outcome = SubscribeOutcome::Recovered;
  SnapshotReason reason = SnapshotReason::None;
  StreamPosition start;
  ChannelKind kind = ChannelKind::Log;
};

/// Everything up to the stream's top at the time of the answer was delivered.
struct SubscriptionLive {
  SubscriptionId subscription = SubscriptionId::None;
};

/// A subscription ended or was refused for good.
struct SubscriptionEnded {
  SubscriptionId subscription = SubscriptionId::None;
  Error error;
};

/// Something was missing; the session is already asking for it again from its position.
struct GapDetected {
  SubscriptionId subscription = SubscriptionId::None;
};

/// Rows first_row … first_row + row_count of ClientSession::row_table(). Their bytes are those of
/// ClientSession::source_bytes(source), valid until the next handle_* call.
///
/// Of a state channel only what is news for the records comes, and always the whole record: the
/// payload of a merge is the record after it. A block with merges names each record once, as the
/// block leaves it.
struct RowsDelivered {
  SubscriptionId subscription = SubscriptionId::None;
  std::uint32_t first_row = 0;
  std::uint32_t row_count = 0;
  std::uint32_t source = 0;   // 0: the message just handled; else what was made of it
  std::uint32_t json_at = 0;  // the block's JSON column within the source
  std::uint32_t json_bytes = 0;
};

/// Records that are no longer there, told by a sweep and not by rows: nobody knows when they went.
struct RecordsRemoved {
  SubscriptionId subscription = SubscriptionId::None;
  std::vector<std::string> keys;  // ascending
};

/// Names an event index used in the row table, before its first use. Once, unless a session meets
/// more than limits::event_names_per_client_max names: then the oldest index is named anew.
struct EventNamed {
  std::uint32_t event = 0;
  std::string name;
};

struct PublishAcknowledged {
  RequestId request = RequestId::None;
  PublishOutcome outcome = PublishOutcome::Applied;
  StreamPosition position;
};

struct PublishFailed {
  RequestId request = RequestId::None;
  Error error;
};

/// A publish with if_version found another version, and did nothing.
struct PublishConflicted {
  RequestId request = RequestId::None;
  Offset version;  // of the record as it is; 0: there is none
  PayloadKind payload_kind = PayloadKind::Json;
  Bytes payload;  // the record as it is; empty when there is none
};

using Event = std::variant<StateChanged, SubscriptionStarted, SubscriptionLive, SubscriptionEnded,
                           GapDetected, RowsDelivered, RecordsRemoved, EventNamed,
                           PublishAcknowledged, PublishConflicted, PublishFailed>;

// ---- effects

struct OpenConnection {
  ConnectionId connection = ConnectionId::None;
};
struct CloseConnection {
  ConnectionId connection = ConnectionId::None;
  std::uint16_t code = 1000;
  std::string reason;
};
/// Answer with handle_token() or handle_token_failure(); late answers are ignored by id.
struct FetchToken {
  std::uint32_t fetch = 0;
};

using Effect = std::variant<OpenConnection, CloseConnection, FetchToken>;

}  // namespace tidegate
