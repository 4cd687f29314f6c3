// Texts made of parts, of which no two lists of parts give the same: each part has its length
// before it.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::relay {

inline void append_counted(std::string& text, std::string_view part) {
  text += std::to_string(part.size());
  text += ':';
  text += part;
}

}  // namespace tidegate::relay
