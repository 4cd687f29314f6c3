#include "core/protocol/message_text.h"

#include "core/base/json_scan.h"
#include "core/base/limits.h"

namespace tidegate {

std::string message_for_people(std::string_view message) {
  std::string text(message.substr(0, limits::error_message_bytes_max));
  if (message.size() > text.size()) {
    const auto continues = [&](std::size_t i) { return (message[i] & 0xC0) == 0x80; };
    while (!text.empty() && continues(text.size())) text.pop_back();
  }
  if (is_valid_utf8(as_bytes(text))) return text;
  for (char& c : text) {
    if ((c & 0x80) != 0) c = '?';
  }
  return text;
}

}  // namespace tidegate
