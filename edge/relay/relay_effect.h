// What a shard asks of the world. Every effect is asynchronous, memory included: each request has
// an id, its result comes back by a handle_*_result of RelayShard, each waits under a deadline, and
// results that come too late are dropped by their id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/protocol/codes.h"
#include "edge/relay/channel_read.h"
#include "edge/relay/log_record.h"
#include "edge/relay/shard_message.h"
#include "edge/relay/shared_message.h"

namespace tidegate::relay {

/// A connection of this shard: slot and generation, so that a late result never meets the slot's
/// next tenant.
struct ConnectionHandle {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  auto operator<=>(const ConnectionHandle&) const = default;
};

/// Names one effect that has a result.
enum class EffectId : std::uint64_t { None = 0 };

// ---- connections

/// Hand `message` to each connection, in full. The shell reports those that are blocked by it
/// (handle_blocked) before it polls again; a blocked connection gets nothing more until
/// handle_writable, so at most one message waits per connection.
struct Transmit {
  SharedMessagePtr message;
  std::vector<ConnectionHandle> connections;
};
/// Close after what was transmitted. The shard has already forgotten the connection.
struct Close {
  ConnectionHandle connection;
  std::uint16_t code = 0;
  std::string reason;
};
/// Stop or go on reading from a connection.
struct PauseReading {
  ConnectionHandle connection;
  bool paused = false;
};
struct VerifyToken {
  EffectId id = EffectId::None;
  std::string token;
};

// ---- the store (edge/store): open, append, read

/// Open the channel's stream, creating it when it does not exist → handle_store_opened.
struct StoreOpen {
  EffectId id = EffectId::None;
  ChannelKeyPtr key;
};
/// Append in order, all or nothing, only if the stream's top is `expected_top`
/// → handle_append_result.
struct StoreAppend {
  EffectId id = EffectId::None;
  ChannelKeyPtr key;
  StreamPosition expected_top;
  std::vector<LogRecordPtr> records;
};
/// Read what is after a position, oldest first → handle_read_result.
struct StoreRead {
  EffectId id = EffectId::None;
  ChannelKeyPtr key;
  StreamPosition after;
  std::size_t entries_max = 0;
};
/// The records of a state channel as they were at the stream's floor, in key order, from above a
/// key → handle_records_result.
struct StoreReadRecords {
  EffectId id = EffectId::None;
  ChannelKeyPtr key;
  std::string after_key;
  std::size_t entries_max = 0;
};
/// History no longer reaches at or below `floor`: the store may drop what is there, once it has
/// kept, in the same transaction, what stands here. All of it is about what lies between the floor
/// before and this one.
struct StoreTrim {
  ChannelKeyPtr key;
  Offset floor;
  /// Of a state channel: the records that changed, as they are at `floor`. They replace what the
  /// store kept under their keys; deletes are kept, too, as tombstones.
  std::vector<RecordVersion> records;
  /// Of a state channel: deletes at or below this version were forgotten at `floor`, and are to be
  /// by the store.
  Offset changes_floor;
  /// At or below `floor`, ascending: their idempotency keys and event ids are remembered until they
  /// are older than the idempotency window (remembered_keys).
  std::vector<RememberedPlace> remembered;
  /// Of a log: the latest source version that was accepted at or below `floor`.
  std::optional<SourceVersion> source_version{};
};
/// The channel is idle. A stream that never held a record may be forgotten altogether.
struct StoreRelease {
  ChannelKeyPtr key;
};

// ---- other shards, and publishers outside

struct ShardSend {
  std::uint16_t to = 0;
  ShardMessage message;
};
/// The answer to handle_publish, with its ticket.
struct PublishAnswer {
  PublishTicket ticket;
  PublishResult result;
};

/// The answer to handle_read, with its ticket.
struct ReadAnswer {
  ReadTicket ticket = ReadTicket::None;
  ReadResult result;
};

using RelayEffect =
    std::variant<Transmit, Close, PauseReading, VerifyToken, StoreOpen, StoreAppend, StoreRead,
                 StoreReadRecords, StoreTrim, StoreRelease, ShardSend, PublishAnswer, ReadAnswer>;

// ---- results of the store

/// What is left of a publish that was answered and trimmed: by this its repetition is recognized.
struct RememberedKeys {
  Offset offset;
  FirstAnswer answer = FirstAnswer::Accepted;
  WallTime time;
  std::string producer;
  std::string idempotency_key;
  std::string event_id;  // empty unless accepted
  Hash128 payload_hash;  // with the conditions, unless accepted
};

struct StoreOpened {
  StreamPosition top;  // epoch, and the offset of the last record
  Offset floor;        // reading can begin after this
  /// Of a state channel: deletes up to here are forgotten.
  Offset changes_floor{};
  /// Of publishes at or below the floor, oldest first.
  std::vector<RememberedKeys> remembered{};
  /// Of a log: as the last trim said.
  std::optional<SourceVersion> source_version{};
};

/// An append ends in one of three ways. Unknown (deadline, I/O error, or a top that was not the
/// expected one) stops the channel's appends until the log has been read back.
struct AppendDurable {
  std::vector<StreamRange> ranges;  // one for each record, in order
};
struct AppendRefused {
  Error error;
};
struct AppendUnknown {};
using AppendResult = std::variant<AppendDurable, AppendRefused, AppendUnknown>;

struct StoreReadResult {
  StreamPosition top;
  std::vector<AppendedRecord> records;
};

struct StoreRecordsResult {
  StreamPosition floor;  // of the stream, as of which the records are
  std::vector<RecordVersion> records;
  bool more = false;  // behind the last key
};

}  // namespace tidegate::relay
