// One published item, and what a publisher hands in to have it published.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/base/time.h"
#include "core/stream/stream_position.h"

namespace tidegate {

/// What a publication does. A log or signal channel only has Append; the others are a state
/// channel's operations on one key.
enum class Operation : std::uint8_t { Append = 0, Set = 1, Merge = 2, Delete = 3 };

enum class PayloadKind : std::uint8_t { Json = 0, Binary = 1 };

/// One publication as history keeps it: immutable, shared by all its readers. Its offset is not in
/// it, because that is given by the log it is appended to, after it has been made.
struct Publication {
  WallTime time;  // when the relay accepted it
  Operation operation = Operation::Append;
  PayloadKind payload_kind = PayloadKind::Json;
  std::string event;     // for example "departure.updated"; may be empty
  std::string event_id;  // for deduplication by listeners of several channels; may be empty
  std::string key;       // the record's key on a state channel, else empty
  Bytes payload;         // exactly one JSON value, or any bytes when binary
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
  Bytes payload;
};

/// Checks every field against its limit and, for JSON, that the payload is one JSON value.
/// InvalidPayload, PayloadTooLarge or BadRequest, naming the field.
Status check_draft(const PublicationDraft& draft);

/// History and mirrors share publications across threads; the pointee never changes.
using PublicationPtr = std::shared_ptr<const Publication>;

}  // namespace tidegate
