#include "core/filter/filter_text.h"

#include "core/base/json_slice.h"

namespace tidegate::filter {

Result<std::vector<FilterMember>> FilterText::members(std::string_view object) const {
  std::vector<FilterMember> members;
  JsonObjectCursor cursor(object);
  std::string_view raw_name;
  std::string_view value;
  while (cursor.next(raw_name, value)) {
    std::string name = json_unescaped(raw_name);
    for (const FilterMember& earlier : members) {
      if (earlier.name != name) continue;
      return error(raw_name, "a second member " + in_quotes(name) +
                                 "; put both into one condition or into `and`");
    }
    members.push_back({raw_name, std::move(name), value});
  }
  return members;
}

Error FilterText::error(std::string_view place, const std::string& message) const {
  return Error{ErrorCode::BadRequest, located(place, message), 0};
}

Error FilterText::over(std::string_view place, std::string_view things, std::string_view limit_name,
                       std::size_t limit) const {
  return Error{ErrorCode::LimitExceeded,
               located(place, "more " + std::string(things) + " than " + std::string(limit_name) +
                                  ", " + std::to_string(limit)),
               0};
}

std::string FilterText::located(std::string_view place, const std::string& message) const {
  return "filter, byte " + std::to_string(place.data() - text_.data()) + ": " + message;
}

std::string in_quotes(std::string_view name) {
  constexpr std::size_t kShownBytesMax = 40;
  if (name.size() <= kShownBytesMax) return "`" + std::string(name) + "`";
  std::size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // whole UTF-8
  return "`" + std::string(name.substr(0, end)) + "…`";
}

}  // namespace tidegate::filter
