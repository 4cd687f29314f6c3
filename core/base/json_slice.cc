#include "core/base/json_slice.h"

#include <cstdint>
#include <limits>

namespace tidegate {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

/// Behind the string whose opening quote stands at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at < text.size() ? at + 1 : text.size();
}

/// Behind the value that begins at `at`.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && (c == ',' || is_space(c))) {
      return at;
    }
    ++at;
  }
  return at;
}

/// To the next member or element: past spaces and one comma. False at the closing bracket.
bool seek(std::string_view text, std::size_t& at) {
  at = skip_space(text, at);
  if (at < text.size() && text[at] == ',') at = skip_space(text, at + 1);
  return at < text.size() && text[at] != '}' && text[at] != ']';
}

std::string_view take_value(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  at = end_of_value(text, at);
  return text.substr(begin, at - begin);
}

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value << 4 | (digit & 15);
  }
  return value;
}

void append_utf8(std::string& text, std::uint32_t point) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

/// Reads the escape behind the backslash at `at` and appends what it means.
std::size_t append_escape(std::string_view raw, std::size_t at, std::string& text) {
  constexpr std::string_view kNames = "bfnrt";
  constexpr std::string_view kMeanings = "\b\f\n\r\t";
  const char name = at + 1 < raw.size() ? raw[at + 1] : '\\';
  if (name != 'u') {
    const std::size_t which = kNames.find(name);
    text += which == std::string_view::npos ? name : kMeanings[which];
    return at + 2;
  }
  std::uint32_t point = hex4(raw.substr(at + 2, at + 6 <= raw.size() ? 4 : 0));
  at += 6;
  if (point >= 0xD800 && point < 0xDC00 && at + 6 <= raw.size()) {  // check_json: a pair
    point = 0x10000 + ((point - 0xD800) << 10) + (hex4(raw.substr(at + 2, 4)) - 0xDC00);
    at += 6;
  }
  append_utf8(text, point);
  return at;
}

}  // namespace

std::string_view json_trimmed(std::string_view text) {
  const std::size_t begin = skip_space(text, 0);
  std::size_t end = text.size();
  while (end > begin && is_space(text[end - 1])) --end;
  return text.substr(begin, end - begin);
}

JsonKind json_kind(std::string_view value) {
  switch (value.empty() ? '\0' : value.front()) {
    case '{':
      return JsonKind::Object;
    case '[':
      return JsonKind::Array;
    case '"':
      return JsonKind::String;
    case 't':
      return JsonKind::True;
    case 'f':
      return JsonKind::False;
    case 'n':
      return JsonKind::Null;
    default:
      return JsonKind::Number;
  }
}

bool JsonObjectCursor::next(std::string_view& name, std::string_view& value) {
  if (!seek(text_, at_) || text_[at_] != '"') return false;
  const std::size_t name_end = end_of_string(text_, at_);
  name = text_.substr(at_ + 1, name_end >= at_ + 2 ? name_end - at_ - 2 : 0);
  at_ = skip_space(text_, name_end);
  at_ = skip_space(text_, at_ + (at_ < text_.size() ? 1 : 0));  // the colon
  value = take_value(text_, at_);
  return true;
}

bool JsonArrayCursor::next(std::string_view& element) {
  if (!seek(text_, at_)) return false;
  const std::size_t begin = at_;
  element = take_value(text_, at_);
  return at_ > begin;
}

std::string json_unescaped(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t escape = raw.find('\\', at);
    text += raw.substr(at, escape == std::string_view::npos ? escape : escape - at);
    if (escape == std::string_view::npos) break;
    at = append_escape(raw, escape, text);
  }
  return text;
}

std::optional<std::uint64_t> json_whole_number(std::string_view digits) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (kMax - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

bool json_same_text(std::string_view raw, std::string_view other_raw) {
  if (raw == other_raw) return true;
  const bool escaped =
      raw.find('\\') != std::string_view::npos || other_raw.find('\\') != std::string_view::npos;
  return escaped && json_unescaped(raw) == json_unescaped(other_raw);
}

}  // namespace tidegate
