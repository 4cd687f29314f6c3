#include "edge/relay/apply.h"

#include <memory>
#include <optional>
#include <utility>

#include "core/merge/shallow_merge.h"
#include "edge/relay/counted_text.h"
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

Verdict judge_repetition(const LogRecord& record, const IdempotencyWindow::Answered& before,
                         const char* what) {
  if (before.payload_hash == record.payload_hash) {
    return DuplicateOf{before.offset};
  }
  return Refused{Error{ErrorCode::IdempotencyConflict,
                       std::string("this ") + what +
                           " was used before with another publication; use a new one for each",
                       0}};
}

using Answered = IdempotencyWindow::Answered;

std::optional<Answered> accepted_under(const std::optional<Hash128>& key, const LogRecord& record,
                                       const IdempotencyWindow& window) {
  const auto before =
      key.has_value() ? window.find(*key, record.publication->time) : std::optional<Answered>();
  return before.has_value() && before->answer == FirstAnswer::Accepted ? before : std::nullopt;
}

/// The publication and its conditions: who asks for something else is judged anew.
Hash128 asked_hash(const LogRecord& record) {
  std::string text = std::to_string(record.payload_hash.high) + ' ' +
                     std::to_string(record.payload_hash.low) + ' ';
  text += record.if_version.has_value() ? std::to_string(record.if_version->value) : "-";
  append_counted(text, record.if_epoch.has_value() ? record.if_epoch->token() : std::string());
  if (const auto& source = record.publication->source_version; source.has_value()) {
    append_counted(text, source->epoch);
    text += std::to_string(source->number);
  }
  return hash128(text, 0);
}

/// How this very publish was refused before.
std::optional<FirstAnswer> refused_under(const RecordKeys& keys, const LogRecord& record,
                                         const IdempotencyWindow& window) {
  if (!keys.idempotency_key.has_value()) {
    return std::nullopt;
  }
  const auto before = window.find(*keys.idempotency_key, record.publication->time);
  if (!before.has_value() || before->answer == FirstAnswer::Accepted ||
      before->payload_hash != asked_hash(record)) {
    return std::nullopt;
  }
  return before->answer;
}

ErrorCode code_of(FirstAnswer answer) {
  switch (answer) {
    case FirstAnswer::Conflict:
      return ErrorCode::VersionMismatch;
    case FirstAnswer::NotMergeable:
      return ErrorCode::InvalidPayload;
    case FirstAnswer::RecordTooLarge:
      return ErrorCode::PayloadTooLarge;
    case FirstAnswer::OverLimit:
      return ErrorCode::LimitExceeded;
    case FirstAnswer::Accepted:
    case FirstAnswer::Stale:
      break;
  }
  return ErrorCode::Internal;
}

/// For what could be carried out by now.
Verdict refused_again(FirstAnswer answer) {
  if (answer == FirstAnswer::Stale) {
    return Stale{};
  }
  return Refused{Error{code_of(answer),
                       "this was refused when it first came, and its idempotency key is answered "
                       "alike ever since; publish it anew with another key",
                       0}};
}

/// nullopt: not a judgement that is remembered.
std::optional<FirstAnswer> answer_of(const Verdict& verdict) {
  if (std::holds_alternative<Accepted>(verdict)) {
    return FirstAnswer::Accepted;
  }
  if (std::holds_alternative<Stale>(verdict)) {
    return FirstAnswer::Stale;
  }
  if (std::holds_alternative<Conflict>(verdict)) {
    return FirstAnswer::Conflict;
  }
  const auto* refused = std::get_if<Refused>(&verdict);
  for (const FirstAnswer answer :
       {FirstAnswer::NotMergeable, FirstAnswer::RecordTooLarge, FirstAnswer::OverLimit}) {
    if (refused != nullptr && refused->error.code == code_of(answer)) {
      return answer;
    }
  }
  return std::nullopt;
}

Verdict judge(const LogRecord& record, const RecordKeys& keys, const Epoch& epoch,
              const IdempotencyWindow& window) {
  if (const auto before = accepted_under(keys.idempotency_key, record, window)) {
    return judge_repetition(record, *before, "idempotency key");
  }
  if (const auto before = accepted_under(keys.event_id, record, window)) {
    return judge_repetition(record, *before, "event id");
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

/// The record as it is; nullptr when there is none.
PublicationPtr record_of(const ChannelLog& log, std::string_view key) {
  const RecordMap::Node* node = log.records().find(key);
  return node != nullptr && node->exists() ? node->record : nullptr;
}

bool is_stale(const LogRecord& record, const ChannelLog& log) {
  const auto& offered = record.publication->source_version;
  if (!offered.has_value()) {
    return false;
  }
  const SourceVersion* latest = log.latest_source_version(record.publication->key);
  return latest != nullptr && latest->epoch == offered->epoch && latest->number >= offered->number;
}

/// A condition on the record's version that is not met.
std::optional<Conflict> judge_version(const LogRecord& record, const ChannelLog& log) {
  if (!record.if_version.has_value() || log.kind() != ChannelKind::State) {
    return std::nullopt;
  }
  const RecordMap::Node* node = log.records().find(record.publication->key);
  const bool exists = node != nullptr && node->exists();
  if (*record.if_version == (exists ? node->version : Offset{})) {
    return std::nullopt;
  }
  return Conflict{exists ? RecordVersion{node->version, node->record} : RecordVersion{}};
}

Refused over_limit(const char* what, const char* name) {
  return Refused{Error{ErrorCode::LimitExceeded,
                       std::string("the channel would hold ") + what + " than it may (" + name +
                           "): delete records that are no longer needed",
                       0}};
}

std::optional<Refused> judge_limits(const LogRecord& record, const RecordMap& records,
                                    const Publication* before, const Publication& after) {
  const std::size_t bytes = RecordMap::bytes_of(after);
  const std::size_t bytes_before = before == nullptr ? 0 : RecordMap::bytes_of(*before);
  if (after.payload.size() > limits::record_bytes_max) {
    return Refused{Error{ErrorCode::PayloadTooLarge,
                         "the record would have " + std::to_string(after.payload.size()) +
                             " bytes; at most " + std::to_string(limits::record_bytes_max) +
                             " are allowed (record_bytes_max)",
                         0}};
  }
  if (before == nullptr && records.size() >= record.record_limits.count) {
    return over_limit("more records", "records.count");
  }
  if (bytes > bytes_before && records.bytes() + bytes - bytes_before > record.record_limits.bytes) {
    return over_limit("more bytes", "records.bytes");
  }
  return std::nullopt;
}

/// The whole record that a merge makes of the one before.
PublicationPtr merged(const Publication& merge, const Publication* before) {
  auto whole = std::make_shared<Publication>(merge);
  whole->operation = Operation::Set;
  const std::string text = shallow_merge(
      before == nullptr ? std::string_view() : as_text(before->payload), as_text(merge.payload));
  whole->payload.assign(text.begin(), text.end());
  return whole;
}

/// The latest source version stays known, whatever is published without one meanwhile.
void keep_source_version(PublicationPtr& record, const ChannelLog& log) {
  const SourceVersion* latest = log.latest_source_version(record->key);
  if (latest == nullptr || record->source_version.has_value()) {
    return;
  }
  auto counted = std::make_shared<Publication>(*record);
  counted->source_version = *latest;
  record = std::move(counted);
}

/// What the operation makes of its record, or why it cannot be carried out.
std::variant<LogEntry, Refused> operate(const LogRecord& record, StreamRange range,
                                        const ChannelLog& log) {
  LogEntry entry{range, record.publication, nullptr, nullptr};
  if (log.kind() != ChannelKind::State) {
    return entry;
  }
  const Publication& publication = *record.publication;
  entry.before = record_of(log, publication.key);
  if (publication.operation == Operation::Delete) {
    keep_source_version(entry.publication, log);  // it is its own tombstone
    return entry;
  }
  if (publication.operation == Operation::Set) {
    entry.after = record.publication;
  } else {
    const Publication* before = entry.before.get();
    if (before != nullptr &&
        (before->payload_kind == PayloadKind::Binary || !is_mergeable(as_text(before->payload)))) {
      return Refused{Error{ErrorCode::InvalidPayload,
                           "the record is not a JSON object, so nothing can be merged into it", 0}};
    }
    entry.after = merged(publication, before);
  }
  if (auto refused = judge_limits(record, log.records(), entry.before.get(), *entry.after)) {
    return *std::move(refused);
  }
  keep_source_version(entry.after, log);
  return entry;
}

Verdict judge_and_operate(const LogRecord& record, const RecordKeys& keys, StreamRange range,
                          ChannelLog& log, const IdempotencyWindow& window) {
  Verdict verdict = judge(record, keys, log.epoch(), window);
  if (!std::holds_alternative<Accepted>(verdict)) {
    return verdict;
  }
  if (is_stale(record, log)) {
    return Stale{};
  }
  if (auto conflict = judge_version(record, log)) {
    return *std::move(conflict);
  }
  auto operated = operate(record, range, log);
  if (auto* refused = std::get_if<Refused>(&operated)) {
    return std::move(*refused);
  }
  if (const auto before = refused_under(keys, record, window)) {
    return refused_again(*before);
  }
  log.append(std::move(*std::get_if<LogEntry>(&operated)));
  return verdict;
}

/// Only what was accepted uses up its event id. False when there is no key.
bool remember(const RecordKeys& keys, WallTime time, const Answered& answered,
              IdempotencyWindow& window) {
  const bool with_id = answered.answer == FirstAnswer::Accepted && keys.event_id.has_value();
  if (keys.idempotency_key.has_value()) {
    window.remember(*keys.idempotency_key, time, answered);
  }
  if (with_id) {
    window.remember(*keys.event_id, time, answered);
  }
  return with_id || keys.idempotency_key.has_value();
}

Hash128 hash_of(const LogRecord& record, FirstAnswer answer) {
  return answer == FirstAnswer::Accepted ? record.payload_hash : asked_hash(record);
}

}  // namespace

Verdict apply(const LogRecord& record, StreamRange range, ChannelLog& log,
              IdempotencyWindow& window) {
  const RecordKeys keys = keys_of(record, window);
  const bool was_refused = refused_under(keys, record, window).has_value();
  Verdict verdict = judge_and_operate(record, keys, range, log, window);
  if (!std::holds_alternative<Accepted>(verdict)) {
    log.append(LogEntry{range, nullptr, nullptr, nullptr});
  }
  const auto answer = answer_of(verdict);
  if (!answer.has_value() || was_refused) {
    return verdict;
  }
  const Answered answered{range.offset, hash_of(record, *answer), *answer};
  if (remember(keys, record.publication->time, answered, window)) {
    log.note_remembered({range.offset, *answer});
  }
  return verdict;
}

RememberedKeys remembered_keys(const LogRecord& record, RememberedPlace place) {
  const bool is_accepted = place.answer == FirstAnswer::Accepted;
  return RememberedKeys{place.offset,
                        place.answer,
                        record.publication->time,
                        record.producer,
                        record.idempotency_key,
                        is_accepted ? record.publication->event_id : std::string(),
                        hash_of(record, place.answer)};
}

void remember(const RememberedKeys& keys, IdempotencyWindow& window) {
  LogRecord record;
  auto publication = std::make_shared<Publication>();
  publication->event_id = keys.event_id;
  record.publication = std::move(publication);
  record.producer = keys.producer;
  record.idempotency_key = keys.idempotency_key;
  remember(keys_of(record, window), keys.time, {keys.offset, keys.payload_hash, keys.answer},
           window);
}

}  // namespace tidegate::relay
