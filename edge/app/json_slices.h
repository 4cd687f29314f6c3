// Takes JSON apart without reading it: members and elements as slices of the text they stand in. So
// a payload reaches subscribers byte for byte as its publisher wrote it: 12345678901234567890
// and 1.0 stay what they are, which no parser that goes through a double can promise.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::app {

struct JsonMember {
  std::string name;        // with its escapes resolved
  std::string_view value;  // without the space around it
};

// All of these take text that check_json has accepted; anything else gives an unspecified answer,
// but never reads outside of the text.

/// nullopt when it is not an object.
std::optional<std::vector<JsonMember>> json_members(std::string_view text);
/// nullopt when it is not an array.
std::optional<std::vector<std::string_view>> json_elements(std::string_view text);
/// nullopt when it is not a string.
std::optional<std::string> json_string(std::string_view text);

}  // namespace tidegate::app
