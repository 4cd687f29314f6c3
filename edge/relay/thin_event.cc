#include "edge/relay/thin_event.h"

#include <algorithm>

#include "core/base/json_slice.h"

namespace tidegate::relay {

Status check_thin(const PublicationDraft& draft) {
  if (draft.payload_kind == PayloadKind::Json &&
      json_kind(json_trimmed(as_text(draft.payload))) == JsonKind::Object) {
    return ok_status();
  }
  return Error{ErrorCode::InvalidPayload,
               "the events of this channel are thin (see the relay's configuration): their payload "
               "has to be a JSON object",
               0};
}

std::string thin_payload(std::string_view object, const std::vector<std::string>& members) {
  JsonObjectCursor cursor(json_trimmed(object));
  std::string thin = "{";
  std::string_view name;
  std::string_view value;
  while (cursor.next(name, value)) {
    const bool kept =
        std::find(members.begin(), members.end(), json_unescaped(name)) != members.end();
    if (kept) {
      thin += thin.size() > 1 ? ",\"" : "\"";
      thin.append(name).append("\":").append(value);
    }
  }
  return thin + '}';
}

}  // namespace tidegate::relay
