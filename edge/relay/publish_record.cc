#include "edge/relay/publish_record.h"

#include <memory>
#include <utility>

#include "edge/relay/counted_text.h"
#include "edge/relay/thin_event.h"

namespace tidegate::relay {
namespace {

/// Everything a reader would see. Equal on all machines, since it is stored with the record.
Hash128 hash_of(const PublicationDraft& draft) {
  std::string text;
  text.reserve(draft.payload.size() + 64);
  text += static_cast<char>('0' + static_cast<int>(draft.operation));
  text += static_cast<char>('0' + static_cast<int>(draft.payload_kind));
  append_counted(text, draft.event);
  append_counted(text, draft.event_id);
  append_counted(text, draft.key);
  append_counted(text, draft.tags);
  text += as_text(draft.payload);
  return hash128(text, 0);
}

void append_hex(std::string& text, std::uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) {
    text += kDigits[(value >> shift) & 15U];
  }
}

}  // namespace

std::string client_producer(const Claims& claims, std::string_view session_id) {
  std::string producer = "client:";
  append_counted(producer, claims.tenant);
  append_counted(producer, claims.subject);
  producer += session_id;
  return producer;
}

std::string server_producer(std::string_view tenant, std::string_view name) {
  std::string producer = "server:";
  append_counted(producer, tenant);
  producer += name;
  return producer;
}

std::string derived_event_id(std::string_view producer, std::string_view idempotency_key) {
  std::string text;
  append_counted(text, producer);
  text += idempotency_key;
  const Hash128 hash = hash128(text, 0);
  std::string id;
  append_hex(id, hash.high);
  append_hex(id, hash.low);
  return id;
}

LogRecordPtr make_record(WallTime now, std::string producer, PublicationDraft draft,
                         const RecordLimits& record_limits, const std::vector<std::string>& thin) {
  auto record = std::make_shared<LogRecord>();
  record->payload_hash = hash_of(draft);
  if (!thin.empty()) {
    const std::string payload = thin_payload(as_text(draft.payload), thin);
    draft.payload.assign(payload.begin(), payload.end());
  }
  if (draft.event_id.empty() && !draft.idempotency_key.empty()) {
    draft.event_id = derived_event_id(producer, draft.idempotency_key);
  }
  auto publication = std::make_shared<Publication>();
  publication->time = now;
  publication->operation = draft.operation;
  publication->payload_kind = draft.payload_kind;
  publication->event = std::move(draft.event);
  publication->event_id = std::move(draft.event_id);
  publication->key = std::move(draft.key);
  publication->tags = std::move(draft.tags);
  publication->source_version = std::move(draft.source_version);
  publication->payload = std::move(draft.payload);
  record->publication = std::move(publication);
  record->producer = std::move(producer);
  record->idempotency_key = std::move(draft.idempotency_key);
  record->if_epoch = std::move(draft.if_epoch);
  record->if_version = draft.if_version;
  record->record_limits = record_limits;
  return record;
}

}  // namespace tidegate::relay
