// JSON that decides about rights has one meaning only: an object in which no key stands twice. Of
// two equal keys one parser takes the first and another the last, and the gap between them is an
// attack.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/base/result.h"

namespace tidegate::auth {

/// InvalidPayload, with a message that continues "the header …", unless `text` is one JSON object,
/// valid UTF-8, of bounded depth, without duplicate keys at any level.
Result<nlohmann::json> parse_json_object(std::string_view text);

}  // namespace tidegate::auth
