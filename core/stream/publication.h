// One published item, and what a publisher hands in to have it published.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/base/time.h"
#include "core/stream/stream_position.h"

namespace tidegate {

/// What a channel's publications are to one another.
enum class ChannelKind : std::uint8_t {
  Log = 0,     // each stands for itself; readers get every one, or the latest
  State = 1,   // operations on records by key; readers get the records as they are
  Signal = 2,  // of the moment: no history, and dropped for readers who are slow
};

/// What a publication does. A log or signal channel only has Append; the others are a state
/// channel's operations on one record, named by its key. A merge's payload is an object with `set`
/// (an object: top-level fields that are replaced) and `unset` (an array of names), either of which
/// may be missing.
enum class Operation : std::uint8_t { Append = 0, Set = 1, Merge = 2, Delete = 3 };

enum class PayloadKind : std::uint8_t { Json = 0, Binary = 1 };

/// A number that the publisher counts by itself, within an epoch of its own: what does not exceed
/// the latest one accepted for the channel (on a state channel: for the record) is stale, and
/// dropped. For publishers that cannot keep their order.
struct SourceVersion {
  std::string epoch;  // may be empty; another one is accepted whatever its number
  std::uint64_t number = 0;
  bool operator==(const SourceVersion&) const = default;
};

/// One publication as history keeps it: immutable, shared by all its readers. Its offset is not in
/// it, because that is given by the log it is appended to, after it has been made.
struct Publication {
  WallTime time;  // when the relay accepted it
  Operation operation = Operation::Append;
  PayloadKind payload_kind = PayloadKind::Json;
  std::string event;     // for example "departure.updated"; may be empty
  std::string event_id;  // for deduplication by listeners of several channels; may be empty
  std::string key;       // the record's key on a state channel, else empty
  std::string tags;      // a flat JSON object for filters, not sent to readers; may be empty
  Bytes payload;         // exactly one JSON value, or any bytes when binary
  /// Of the latest publish that gave one; not sent to readers.
  std::optional<SourceVersion> source_version;
};

/// What a publisher asks for.
struct PublicationDraft {
  Operation operation = Operation::Append;
  PayloadKind payload_kind = PayloadKind::Json;
  std::string event;
  std::string event_id;  // empty: made of producer and key, where a key is given
  std::string key;
  std::string idempotency_key;    // empty: the publish is not safe to repeat
  std::optional<Epoch> if_epoch;  // refused with EpochMismatch in another epoch
  /// The record must be of this version (0: must not exist), else VersionMismatch.
  std::optional<Offset> if_version;
  std::optional<SourceVersion> source_version;
  std::string tags;  // a flat JSON object: strings, numbers, booleans
  Bytes payload;
};

/// Checks every field against its limit and, for JSON, that the payload is one JSON value.
/// InvalidPayload, PayloadTooLarge or BadRequest, naming the field.
Status check_draft(const PublicationDraft& draft);

/// History and mirrors share publications across threads; the pointee never changes.
using PublicationPtr = std::shared_ptr<const Publication>;

}  // namespace tidegate
