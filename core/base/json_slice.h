// Reads JSON without building anything: members of objects and elements of arrays as slices of the
// text. Only for text that check_json() has accepted; on other text the answers are undefined, but
// nothing is read outside of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidegate {

enum class JsonKind : std::uint8_t { Null, False, True, Number, String, Array, Object };

/// Without the space around it.
std::string_view json_trimmed(std::string_view text);
/// The kind of a trimmed value.
JsonKind json_kind(std::string_view value);

/// Walks the members of an object, in the order of the text.
class JsonObjectCursor {
 public:
  /// `object` is trimmed and begins with a brace.
  explicit JsonObjectCursor(std::string_view object) : text_(object) {}
  /// `name` is what stands between the quotes, escapes and all; `value` is trimmed.
  bool next(std::string_view& name, std::string_view& value);

 private:
  std::string_view text_;
  std::size_t at_ = 1;
};

/// Walks the elements of an array.
class JsonArrayCursor {
 public:
  /// `array` is trimmed and begins with a bracket.
  explicit JsonArrayCursor(std::string_view array) : text_(array) {}
  /// `element` is trimmed.
  bool next(std::string_view& element);

 private:
  std::string_view text_;
  std::size_t at_ = 1;
};

/// The text that a string means; `raw` is what stands between its quotes.
std::string json_unescaped(std::string_view raw);
/// A whole number of 64 bits in digits alone, without needless zeros before it; nullopt for
/// anything else.
std::optional<std::uint64_t> json_whole_number(std::string_view digits);
/// Whether two strings, as they stand between their quotes, mean the same text.
bool json_same_text(std::string_view raw, std::string_view other_raw);

}  // namespace tidegate
