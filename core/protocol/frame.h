// The message model: what can be said on a connection, whatever the encoding. Plain values.
// Block frames carry publications and are read through BlockView; everything else is control.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/protocol/block_reader.h"
#include "core/protocol/codes.h"
#include "core/stream/publication.h"

namespace tidegate {

// ---- client → relay

/// First on every connection, followed in the same message by all subscribes with their positions.
struct HelloFrame {
  std::uint16_t version = wire::kProtocolVersion;
  std::string client;  // "tidegate-js/0.1.0", for logs
  std::string
      session_id;  // chosen by the client, the same across reconnects: scopes idempotency keys
  std::string token;
};

struct SubscribeFrame {
  RequestId request = RequestId::None;
  ChannelName channel;
  std::optional<StreamPosition> since;
  /// Without a position: how many of the latest publications to begin with (kHistoryAll: all kept).
  std::uint32_t history = 0;
  std::uint32_t min_interval_ms = 0;  // no more often than this; 0: as it comes
  std::string filter{};               // JSON text, empty: everything
};
inline constexpr std::uint32_t kHistoryAll = 0xFFFFFFFF;

struct UnsubscribeFrame {
  RequestId request = RequestId::None;
  StreamId stream = StreamId::None;
};

struct PublishFrame {
  RequestId request = RequestId::None;
  ChannelName channel;
  PublicationDraft draft;
};

/// What the decoder makes of a subscribe or publish whose bytes are well formed but whose channel
/// name or epoch breaks its grammar. It has no encoding: the relay answers it with `refused`,
/// carrying this error, and the connection goes on. So every other frame holds only names that are
/// valid.
struct InvalidCommand {
  RequestId request = RequestId::None;
  Error error;
};

// ---- either way

struct PingFrame {
  std::uint32_t nonce = 0;
};
struct PongFrame {
  std::uint32_t nonce = 0;
};

// ---- relay → client

struct WelcomeFrame {
  std::uint16_t version = wire::kProtocolVersion;
  std::string relay;                        // "tidegate/0.1.0"
  std::string connection_id;                // for logs at both ends
  std::uint32_t heartbeat_interval_ms = 0;  // the relay speaks at least this often
  std::uint32_t heartbeat_timeout_ms = 0;   // silence beyond the interval that means loss
  std::uint32_t message_bytes_max = 0;      // the largest message the relay accepts
  WallTime time;
  std::uint64_t token_expires_in_ms = 0;  // 0: never
};

/// Answers a subscribe, or (request None) replaces what the subscription of `channel` held: a
/// reset.
struct SubscribedFrame {
  RequestId request = RequestId::None;
  StreamId stream = StreamId::None;
  SubscribeOutcome outcome = SubscribeOutcome::Recovered;
  SnapshotReason reason = SnapshotReason::None;
  StreamPosition start;  // blocks follow from here
  Offset target;         // the stream's top as of this answer: the client is live once there
  ChannelName channel;
  ChannelKind kind = ChannelKind::Log;
  CatchUp catch_up = CatchUp::None;
};

struct UnsubscribedFrame {
  RequestId request = RequestId::None;  // None: the relay ended it
  StreamId stream = StreamId::None;
  std::uint16_t code = 0;  // UnsubscribeCode
  std::string message;
};

struct PublishAckFrame {
  RequestId request = RequestId::None;
  PublishOutcome outcome = PublishOutcome::Applied;
  StreamPosition position;
};

/// A command was refused; the connection goes on.
struct RefusedFrame {
  RequestId request = RequestId::None;
  Error error;
};

/// A publish with if_version was refused: the record is another one now.
struct PublishConflictFrame {
  RequestId request = RequestId::None;
  Offset version;  // of the record as it is; 0: there is none
  PayloadKind payload_kind = PayloadKind::Json;
  Bytes payload;  // the record as it is; empty when there is none
};

/// The last frame before the relay closes.
struct DisconnectFrame {
  std::uint16_t code = 0;  // DisconnectCode
  std::uint32_t retry_after_ms = 0;
  std::string message;
};

/// Publications of one stream. The view is valid as long as the message it was decoded from.
struct BlockFrame {
  bool more = false;
  BlockView block;
  bool has_digest = false;
};

using Frame =
    std::variant<HelloFrame, SubscribeFrame, UnsubscribeFrame, PublishFrame, PingFrame, PongFrame,
                 WelcomeFrame, SubscribedFrame, UnsubscribedFrame, PublishAckFrame, RefusedFrame,
                 PublishConflictFrame, DisconnectFrame, BlockFrame, InvalidCommand>;

}  // namespace tidegate
