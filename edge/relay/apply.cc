#include "edge/relay/apply.h"

#include <optional>

#include "edge/relay/publish_record.h"

namespace tidegate::relay {
namespace {

/// The hashes under which a record is recognized when it comes again.
struct RecordKeys {
  std::optional<Hash128> idempotency_key;
  std::optional<Hash128> event_id;
};

RecordKeys keys_of(const LogRecord& record, const IdempotencyWindow& window) {
  RecordKeys keys;
  const std::string& event_id = record.publication->event_id;
  if (!record.idempotency_key.empty()) {
    keys.idempotency_key = window.hash(IdempotencyWindow::KeyKind::IdempotencyKey, record.producer,
                                       record.idempotency_key);
    if (event_id == derived_event_id(record.producer, record.idempotency_key)) {
      return keys;  // says the same as the key does
    }
  }
  if (!event_id.empty()) {
    keys.event_id = window.hash(IdempotencyWindow::KeyKind::EventId, record.producer, event_id);
  }
  return keys;
}

Verdict judge_repetition(const LogRecord& record, const IdempotencyWindow::Accepted& before,
                         const char* what) {
  if (before.payload_hash == record.payload_hash) {
    return DuplicateOf{before.offset};
  }
  return Refused{Error{ErrorCode::IdempotencyConflict,
                       std::string("this ") + what +
                           " was used before with another publication; use a new one for each",
                       0}};
}

Verdict judge(const LogRecord& record, const RecordKeys& keys, const Epoch& epoch,
              const IdempotencyWindow& window) {
  const WallTime time = record.publication->time;
  if (keys.idempotency_key.has_value()) {
    if (const auto before = window.find(*keys.idempotency_key, time)) {
      return judge_repetition(record, *before, "idempotency key");
    }
  }
  if (keys.event_id.has_value()) {
    if (const auto before = window.find(*keys.event_id, time)) {
      return judge_repetition(record, *before, "event id");
    }
  }
  if (record.if_epoch.has_value() && *record.if_epoch != epoch) {
    return Refused{Error{ErrorCode::EpochMismatch,
                         "the channel's epoch is " + epoch.token() + ", not " +
                             record.if_epoch->token() +
                             ": its history was lost or replaced; publish anew what it should hold",
                         0}};
  }
  return Accepted{};
}

}  // namespace

Verdict apply(const LogRecord& record, StreamRange range, ChannelLog& log,
              IdempotencyWindow& window) {
  const RecordKeys keys = keys_of(record, window);
  Verdict verdict = judge(record, keys, log.epoch(), window);
  if (!std::holds_alternative<Accepted>(verdict)) {
    log.append(range, nullptr);
    return verdict;
  }
  log.append(range, record.publication);
  const IdempotencyWindow::Accepted accepted{range.offset, record.payload_hash};
  if (keys.idempotency_key.has_value()) {
    window.remember(*keys.idempotency_key, record.publication->time, accepted);
  }
  if (keys.event_id.has_value()) {
    window.remember(*keys.event_id, record.publication->time, accepted);
  }
  return verdict;
}

}  // namespace tidegate::relay
