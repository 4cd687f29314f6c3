// What a relay demands of a publish before it appends it. Every path that brings publications in
// calls this, so that whatever stands in a history is known to fit into a block.
#include "core/stream/publication.h"

#include "core/base/json_scan.h"
#include "core/base/json_slice.h"
#include "core/base/limits.h"

namespace tidegate {
namespace {

Error bad_field(std::string_view field, std::string_view what) {
  return Error{ErrorCode::BadRequest, std::string(field) + " " + std::string(what), 0};
}

Status check_text(std::string_view field, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return bad_field(field, "has " + std::to_string(text.size()) + " bytes; at most " +
                                std::to_string(bytes_max) + " are allowed");
  }
  if (!is_valid_utf8(as_bytes(text))) return bad_field(field, "is not valid UTF-8");
  return ok_status();
}

Status check_texts(const PublicationDraft& draft) {
  std::string_view source_epoch;  // a view of the draft's text, not of a copy
  if (draft.source_version) source_epoch = draft.source_version->epoch;
  const struct {
    std::string_view field;
    std::string_view text;
    std::size_t bytes_max;
  } texts[] = {
      {"event", draft.event, limits::event_name_bytes_max},
      {"event_id", draft.event_id, limits::event_id_bytes_max},
      {"key", draft.key, limits::record_key_bytes_max},
      {"idempotency_key", draft.idempotency_key, limits::idempotency_key_bytes_max},
      {"source_version.epoch", source_epoch, limits::source_epoch_bytes_max},
      {"tags", draft.tags, limits::tags_bytes_max},
  };
  for (const auto& [field, text, bytes_max] : texts) {
    const Status status = check_text(field, text, bytes_max);
    if (!status.ok()) return status;
  }
  return ok_status();
}

bool is_flat_object(std::string_view json) {
  const std::string_view object = json_trimmed(json);
  if (json_kind(object) != JsonKind::Object) return false;
  JsonObjectCursor members(object);
  for (std::string_view name, value; members.next(name, value);) {
    const JsonKind kind = json_kind(value);
    if (kind == JsonKind::Object || kind == JsonKind::Array) return false;
  }
  return true;
}

Status check_tags(std::string_view tags) {
  if (tags.empty()) return ok_status();
  const Status json = check_json(tags, limits::json_depth_max);
  if (!json.ok()) return bad_field("tags", "is not JSON: " + json.error().message);
  if (is_flat_object(tags)) return ok_status();
  return bad_field("tags", "must be one JSON object of strings, numbers and booleans");
}

Status check_operation(const PublicationDraft& draft) {
  if (draft.operation == Operation::Append) {
    if (draft.key.empty() && !draft.if_version) return ok_status();
    if (draft.key.empty()) return bad_field("if_version", "is a condition on a record: give a key");
    return bad_field("key", "is only allowed with the operations set, merge and delete");
  }
  if (draft.key.empty()) return bad_field("key", "is required with set, merge and delete");
  if (draft.operation != Operation::Set && draft.payload_kind == PayloadKind::Binary) {
    return bad_field("payload_kind", "binary is only allowed with append and set");
  }
  return ok_status();
}

}  // namespace

Status check_draft(const PublicationDraft& draft) {
  Status status = check_texts(draft);
  if (status.ok()) status = check_operation(draft);
  if (status.ok()) status = check_tags(draft.tags);
  if (!status.ok()) return status;
  if (draft.payload.size() > limits::publication_payload_bytes_max) {
    return Error{ErrorCode::PayloadTooLarge,
                 "the payload has " + std::to_string(draft.payload.size()) + " bytes; at most " +
                     std::to_string(limits::publication_payload_bytes_max) + " are allowed",
                 0};
  }
  if (draft.payload_kind == PayloadKind::Binary) return ok_status();
  if (draft.operation == Operation::Delete) {
    if (draft.payload.empty() || as_text(draft.payload) == "null") return ok_status();
    return Error{ErrorCode::InvalidPayload, "a delete has no payload (or null)", 0};
  }
  const Status json = check_json(as_text(draft.payload), limits::json_depth_max);
  if (json.ok()) return json;
  return Error{json.error().code, "payload: " + json.error().message, 0};
}

}  // namespace tidegate
