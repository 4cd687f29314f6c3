#include "edge/auth/json_object.h"

#include <set>
#include <string>
#include <vector>

#include "core/base/json_scan.h"
#include "core/base/limits.h"

namespace tidegate::auth {
namespace {

using nlohmann::json;

Error invalid(std::string message) {
  return Error{ErrorCode::InvalidPayload, std::move(message), 0};
}

/// Listens to the parser and remembers the keys of the objects that are open.
class DuplicateKeys {
 public:
  bool found() const { return found_; }

  bool note(json::parse_event_t event, const json& parsed) {
    if (event == json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == json::parse_event_t::key) {
      found_ |= !open_.back().insert(parsed.get<std::string>()).second;
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> open_;
  bool found_ = false;
};

}  // namespace

Result<json> parse_json_object(std::string_view text) {
  const Status scanned = check_json(text, limits::json_depth_max);
  if (!scanned) return invalid("is not JSON: " + scanned.error().message);
  DuplicateKeys duplicates;
  const auto listener = [&](int, json::parse_event_t event, json& parsed) {
    return duplicates.note(event, parsed);
  };
  json object = json::parse(text, listener, /*allow_exceptions=*/false);
  if (!object.is_object()) return invalid("is not a JSON object");
  if (duplicates.found()) return invalid("has a key that stands twice");
  return object;
}

}  // namespace tidegate::auth
