// A strict RFC 8259 scanner that builds nothing and does not recurse: the containers that are open
// are one bit each in an array, so hostile nesting costs no stack.
#include "core/base/json_scan.h"

#include <algorithm>
#include <array>

#include "core/base/limits.h"

namespace tidegate {
namespace {

/// Bytes of the UTF-8 sequence that starts at `at`, or 0 when it is not one (RFC 3629, table 3-7 of
/// the Unicode Standard).
std::size_t utf8_sequence(ByteView bytes, std::size_t at) {
  const auto continues = [&](std::size_t i, std::uint8_t low = 0x80, std::uint8_t high = 0xBF) {
    return at + i < bytes.size() && bytes[at + i] >= low && bytes[at + i] <= high;
  };
  const std::uint8_t lead = bytes[at];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;  // a continuation byte, or an overlong form of two
  if (lead < 0xE0) return continues(1) ? 2 : 0;
  if (lead < 0xF0) {
    const std::uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;   // overlong forms of three
    const std::uint8_t high = lead == 0xED ? 0x9F : 0xBF;  // surrogates
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead > 0xF4) return 0;
  const std::uint8_t low = lead == 0xF0 ? 0x90 : 0x80;   // overlong forms of four
  const std::uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;  // above U+10FFFF
  return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
}

constexpr bool is_digit(std::uint8_t c) { return c >= '0' && c <= '9'; }

class JsonScanner {
 public:
  JsonScanner(std::string_view text, std::size_t depth_max)
      : bytes_(as_bytes(text)), depth_max_(std::min(depth_max, limits::json_depth_ceiling)) {}

  Status scan();

 private:
  // Each scan_* is true on success; on failure it has set what_ and left at_ at the place.
  bool scan_value_start();
  bool scan_value_end(bool& complete);
  bool scan_object_key();
  bool scan_string();
  bool scan_escape();
  bool scan_unicode_escape();
  bool scan_hex4(std::uint32_t& unit);
  bool scan_number();
  bool scan_digits();
  bool scan_word(std::string_view word);
  bool open(bool object);
  void close();

  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  /// 0 at the end: NUL is allowed nowhere, so it needs no case of its own.
  std::uint8_t peek() const { return at_ < bytes_.size() ? bytes_[at_] : std::uint8_t{0}; }
  bool fail(std::string_view what) {
    what_ = what;
    return false;
  }
  bool in_object() const { return (open_objects_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64)) & 1; }

  ByteView bytes_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t depth_max_;
  bool value_expected_ = true;
  std::array<std::uint64_t, limits::json_depth_ceiling / 64> open_objects_{};
  std::string_view what_;
};

Status JsonScanner::scan() {
  bool complete = false;
  while (!complete) {
    skip_space();
    const bool good = value_expected_ ? scan_value_start() : scan_value_end(complete);
    if (!good) {
      return Error{ErrorCode::InvalidPayload,
                   std::string(what_) + " at byte " + std::to_string(at_), 0};
    }
  }
  return ok_status();
}

bool JsonScanner::scan_value_start() {
  value_expected_ = false;
  const std::uint8_t c = peek();
  switch (c) {
    case '{':
      return open(true);
    case '[':
      return open(false);
    case '"':
      return scan_string();
    case 't':
      return scan_word("true");
    case 'f':
      return scan_word("false");
    case 'n':
      return scan_word("null");
    default:
      break;
  }
  if (c == '-' || is_digit(c)) return scan_number();
  return fail(at_ == bytes_.size() ? "the JSON ends where a value is expected"
                                   : "a JSON value is expected");
}

/// After a value: what may follow depends on the innermost open container.
bool JsonScanner::scan_value_end(bool& complete) {
  const std::uint8_t c = peek();
  if (depth_ == 0) {
    if (at_ != bytes_.size()) return fail("there is more than one JSON value");
    complete = true;
    return true;
  }
  if (c == ',') {
    ++at_;
    value_expected_ = true;
    if (!in_object()) return true;
    skip_space();
    return scan_object_key();
  }
  if (c == (in_object() ? '}' : ']')) {
    close();
    return true;
  }
  return fail(at_ == bytes_.size() ? "the JSON ends inside an array or object"
                                   : "a comma or the end of the array or object is expected");
}

bool JsonScanner::open(bool object) {
  if (depth_ == depth_max_) return fail("the JSON is nested too deeply");
  ++at_;
  const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
  std::uint64_t& word = open_objects_[depth_ / 64];
  word = object ? word | bit : word & ~bit;
  ++depth_;
  skip_space();
  if (peek() == (object ? '}' : ']')) {
    close();
    return true;
  }
  value_expected_ = true;
  return !object || scan_object_key();
}

void JsonScanner::close() {
  ++at_;
  --depth_;
}

bool JsonScanner::scan_object_key() {
  if (peek() != '"') return fail("a member name in quotes is expected");
  if (!scan_string()) return false;
  skip_space();
  if (peek() != ':') return fail("a colon is expected");
  ++at_;
  return true;
}

bool JsonScanner::scan_string() {
  ++at_;
  while (at_ < bytes_.size()) {
    const std::uint8_t c = bytes_[at_];
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c < 0x20) return fail("a string has an unescaped control character");
    if (c == '\\') {
      if (!scan_escape()) return false;
      continue;
    }
    const std::size_t length = utf8_sequence(bytes_, at_);
    if (length == 0) return fail("a string is not valid UTF-8");
    at_ += length;
  }
  return fail("a string has no end");
}

bool JsonScanner::scan_escape() {
  ++at_;
  switch (peek()) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      ++at_;
      return true;
    case 'u':
      return scan_unicode_escape();
    default:
      return fail("a string has an unknown escape");
  }
}

bool JsonScanner::scan_unicode_escape() {
  std::uint32_t unit = 0;
  if (!scan_hex4(unit)) return false;
  if (unit < 0xD800 || unit > 0xDFFF) return true;
  if (unit > 0xDBFF) return fail("a string has a lone surrogate escape");
  if (peek() != '\\' || at_ + 1 >= bytes_.size() || bytes_[at_ + 1] != 'u') {
    return fail("a string has a lone surrogate escape");
  }
  ++at_;
  if (!scan_hex4(unit)) return false;
  return (unit >= 0xDC00 && unit <= 0xDFFF) || fail("a string has a lone surrogate escape");
}

/// At the `u`; afterwards behind the four digits.
bool JsonScanner::scan_hex4(std::uint32_t& unit) {
  unit = 0;
  ++at_;
  for (int i = 0; i < 4; ++i, ++at_) {
    const std::uint8_t c = peek();
    const std::uint8_t lower = c | 0x20;
    if (is_digit(c)) {
      unit = unit * 16 + (c - std::uint32_t{'0'});
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit * 16 + (lower - std::uint32_t{'a'} + 10);
    } else {
      return fail("a \\u escape needs four hexadecimal digits");
    }
  }
  return true;
}

bool JsonScanner::scan_digits() {
  if (!is_digit(peek())) return fail("a number needs a digit");
  while (is_digit(peek())) ++at_;
  return true;
}

bool JsonScanner::scan_number() {
  if (peek() == '-') ++at_;
  if (peek() == '0') {
    ++at_;
    if (is_digit(peek())) return fail("a number has a leading zero");
  } else if (!scan_digits()) {
    return false;
  }
  if (peek() == '.') {
    ++at_;
    if (!scan_digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!scan_digits()) return false;
  }
  return true;
}

bool JsonScanner::scan_word(std::string_view word) {
  if (as_text(bytes_).substr(at_, word.size()) != word) return fail("a JSON value is expected");
  at_ += word.size();
  return true;
}

}  // namespace

Status check_json(std::string_view text, std::size_t depth_max) {
  return JsonScanner(text, depth_max).scan();
}

bool is_valid_utf8(ByteView bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = utf8_sequence(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace tidegate
