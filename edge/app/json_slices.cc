#include "edge/app/json_slices.h"

#include "core/base/json_slice.h"

namespace tidegate::app {

std::optional<std::vector<JsonMember>> json_members(std::string_view text) {
  const std::string_view object = json_trimmed(text);
  if (json_kind(object) != JsonKind::Object) return std::nullopt;
  std::vector<JsonMember> members;
  JsonObjectCursor cursor(object);
  for (std::string_view name, value; cursor.next(name, value);) {
    members.push_back({json_unescaped(name), value});
  }
  return members;
}

std::optional<std::vector<std::string_view>> json_elements(std::string_view text) {
  const std::string_view array = json_trimmed(text);
  if (json_kind(array) != JsonKind::Array) return std::nullopt;
  std::vector<std::string_view> elements;
  JsonArrayCursor cursor(array);
  for (std::string_view element; cursor.next(element);) elements.push_back(element);
  return elements;
}

std::optional<std::string> json_string(std::string_view text) {
  if (text.size() < 2 || json_kind(text) != JsonKind::String) return std::nullopt;
  return json_unescaped(text.substr(1, text.size() - 2));
}

}  // namespace tidegate::app
