// Any bytes as a payload. What is accepted must be UTF-8 and balanced, whichever way it came about.
#include "core/base/json_scan.h"

#include "core/base/limits.h"

namespace {

/// Openers minus closers outside strings: 0 in every JSON text.
int balance_of(std::string_view text) {
  int balance = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      balance += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    }
  }
  return in_string ? -1 : balance;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidegate;
  const ByteView bytes(data, size);
  const bool deep = check_json(as_text(bytes), limits::json_depth_ceiling).ok();
  const bool accepted = check_json(as_text(bytes), limits::json_depth_max).ok();
  TIDEGATE_CHECK(!accepted || deep);
  if (deep) TIDEGATE_CHECK(is_valid_utf8(bytes) && balance_of(as_text(bytes)) == 0);
  return 0;
}
