#include "core/filter/scalar.h"

#include "core/base/json_slice.h"
#include "core/base/types.h"

namespace tidegate::filter {

std::optional<ScalarView> read_scalar(std::string_view value, std::string& unescaped) {
  if (value.empty()) return std::nullopt;
  switch (json_kind(value)) {
    case JsonKind::Null:
      return ScalarView(std::monostate());
    case JsonKind::False:
      return ScalarView(false);
    case JsonKind::True:
      return ScalarView(true);
    case JsonKind::Number:
      return ScalarView(read_decimal(value));
    case JsonKind::String:
      break;
    default:
      return std::nullopt;
  }
  const std::string_view raw = value.substr(1, value.size() < 2 ? 0 : value.size() - 2);
  if (raw.find('\\') == std::string_view::npos) return ScalarView(raw);
  unescaped = json_unescaped(raw);
  return ScalarView(std::string_view(unescaped));
}

std::strong_ordering order_scalars(const ScalarView& left, const ScalarView& right) {
  if (left.index() != right.index()) return left.index() <=> right.index();
  if (const bool* truth = std::get_if<bool>(&left)) return *truth <=> *std::get_if<bool>(&right);
  if (const Decimal* number = std::get_if<Decimal>(&left)) {
    return order_decimals(*number, *std::get_if<Decimal>(&right));
  }
  if (const std::string_view* text = std::get_if<std::string_view>(&left)) {
    return order_bytes(*text, *std::get_if<std::string_view>(&right));
  }
  return std::strong_ordering::equal;
}

Scalar scalar_of(const ScalarView& view) {
  if (const bool* truth = std::get_if<bool>(&view)) return *truth;
  if (const Decimal* number = std::get_if<Decimal>(&view)) return Number(*number);
  if (const std::string_view* text = std::get_if<std::string_view>(&view)) {
    return std::string(*text);
  }
  return std::monostate();
}

ScalarView view_of(const Scalar& scalar) {
  if (const bool* truth = std::get_if<bool>(&scalar)) return *truth;
  if (const Number* number = std::get_if<Number>(&scalar)) return number->view();
  if (const std::string* text = std::get_if<std::string>(&scalar)) return std::string_view(*text);
  return std::monostate();
}

std::string scalar_text(const Scalar& scalar) {
  if (const bool* truth = std::get_if<bool>(&scalar)) return *truth ? "true" : "false";
  if (const Number* number = std::get_if<Number>(&scalar)) return decimal_text(number->view());
  if (const std::string* text = std::get_if<std::string>(&scalar)) return quoted(*text);
  return "null";
}

std::string quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      json += "\\u00";
      json += kHex[byte >> 4];
      json += kHex[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json + '"';
}

}  // namespace tidegate::filter
