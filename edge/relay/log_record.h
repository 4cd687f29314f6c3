// What is appended to a channel's log, and what comes of it. A record is appended with its
// conditions, unjudged; once durable it is applied in order, and only apply accepts it, refuses it
// or calls it a duplicate. Apply reads the record and earlier state and nothing else, so every
// reader decides alike.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/hash.h"
#include "core/base/limits.h"
#include "core/stream/publication.h"

namespace tidegate::relay {

/// Tenant and channel: the identity of a channel inside a relay. Shared, since messages carry it.
struct ChannelKey {
  std::string tenant;
  ChannelName channel;
  bool operator==(const ChannelKey&) const = default;
  std::strong_ordering operator<=>(const ChannelKey& other) const {
    const std::strong_ordering by_tenant = order(tenant, other.tenant);
    return by_tenant != 0 ? by_tenant : channel <=> other.channel;
  }
};
using ChannelKeyPtr = std::shared_ptr<const ChannelKey>;

/// Recognizes one append among those read back, when its outcome was unknown. Unique per relay
/// process.
struct AppendId {
  std::uint64_t incarnation = 0;  // entropy of the shard that proposed it
  std::uint64_t sequence = 0;
  auto operator<=>(const AppendId&) const = default;
};

/// What a state channel may hold. Stamped into each record, because apply judges by it.
struct RecordLimits {
  std::size_t count = limits::records_default;
  std::size_t bytes = limits::records_bytes_default;
};

struct LogRecord {
  AppendId id;
  PublicationPtr publication;
  /// Scope of the idempotency key and event id: the client's identity and session, or the API key's
  /// name.
  std::string producer;
  std::string idempotency_key;
  std::optional<Epoch> if_epoch;
  std::optional<Offset> if_version;
  RecordLimits record_limits;
  Hash128 payload_hash;
};
using LogRecordPtr = std::shared_ptr<const LogRecord>;

/// How a publish was answered when it first came. Its repetition is answered alike. What was
/// refused for the stream's epoch is not among them: its publisher says it again, in the new one.
enum class FirstAnswer : std::uint8_t {
  Accepted,
  Stale,
  Conflict,
  NotMergeable,
  RecordTooLarge,
  OverLimit,
};

/// A place in the log whose keys are remembered.
struct RememberedPlace {
  Offset offset;
  FirstAnswer answer = FirstAnswer::Accepted;
};

/// A record with the place it was given in the log.
struct AppendedRecord {
  StreamRange range;
  LogRecordPtr record;
};

/// One entry of a channel's history: a range, and the publication at its end. Entries without one
/// are covered: the record was refused or a duplicate, and readers pass over it. On a state channel
/// also the named record before and after, each whole (a set); nullptr where there was none.
struct LogEntry {
  StreamRange range;
  PublicationPtr publication;
  PublicationPtr before{};
  PublicationPtr after{};
};

/// A state channel's record at a version: a set, or a delete when it is gone (a tombstone).
struct RecordVersion {
  Offset version;
  PublicationPtr record;
};

}  // namespace tidegate::relay
