#include "core/filter/decimal.h"

#include <algorithm>

#include "core/base/limits.h"

namespace tidegate::filter {
namespace {

constexpr std::string_view kNotZero = "123456789";
// decimal_text() writes so many zeros beside the digits before it turns to an exponent.
constexpr std::int64_t kPlainZerosMax = 5;
constexpr std::int64_t kFixedDigitsMax = 18;  // as many as an int64 always holds

/// What stands behind the `e`. Stops counting where no further digit could matter.
std::int64_t read_exponent(std::string_view text, bool& cut) {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  std::int64_t exponent = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    exponent = exponent * 10 + (c - '0');
    if (exponent > limits::filter_exponent_max) {
      exponent = limits::filter_exponent_max;
      cut = true;
      break;
    }
  }
  return negative ? -exponent : exponent;
}

/// Gives the digits one by one, past the point, and -1 behind the last.
class DigitCursor {
 public:
  explicit DigitCursor(std::string_view digits) : rest_(digits) {}
  int next() {
    if (!rest_.empty() && rest_.front() == '.') rest_.remove_prefix(1);
    if (rest_.empty()) return -1;
    const int digit = rest_.front() - '0';
    rest_.remove_prefix(1);
    return digit;
  }

 private:
  std::string_view rest_;
};

std::string without_point(std::string_view digits) {
  std::string plain(digits);
  plain.erase(std::remove(plain.begin(), plain.end(), '.'), plain.end());
  return plain;
}

/// Of two numbers above 0. What ends first is less: the last digit of the other is not 0.
std::strong_ordering order_magnitudes(const Decimal& left, const Decimal& right) {
  if (left.magnitude != right.magnitude) return left.magnitude <=> right.magnitude;
  DigitCursor left_digits(left.digits);
  DigitCursor right_digits(right.digits);
  for (;;) {
    const int digit = left_digits.next();
    const int other = right_digits.next();
    if (digit != other) return digit <=> other;
    if (digit < 0) return std::strong_ordering::equal;
  }
}

}  // namespace

Decimal read_decimal(std::string_view number) {
  Decimal decimal;
  const bool negative = !number.empty() && number.front() == '-';
  if (negative) number.remove_prefix(1);
  const std::size_t mantissa_end = std::min(number.find_first_of("eE"), number.size());
  const std::string_view mantissa = number.substr(0, mantissa_end);
  const std::size_t first = mantissa.find_first_of(kNotZero);
  if (mantissa_end < number.size()) {
    decimal.magnitude = read_exponent(number.substr(mantissa_end + 1), decimal.cut);
  }
  if (first == std::string_view::npos) return decimal;
  decimal.sign = negative ? -1 : 1;
  decimal.digits = mantissa.substr(first, mantissa.find_last_of(kNotZero) - first + 1);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  decimal.magnitude += point > first ? static_cast<std::int64_t>(point - first)
                                     : -static_cast<std::int64_t>(first - point - 1);
  return decimal;
}

std::strong_ordering order_decimals(const Decimal& left, const Decimal& right) {
  if (left.sign != right.sign || left.sign == 0) return left.sign <=> right.sign;
  return left.sign > 0 ? order_magnitudes(left, right) : order_magnitudes(right, left);
}

std::string decimal_text(const Decimal& decimal) {
  if (decimal.sign == 0) return "0";
  const std::string sign = decimal.sign < 0 ? "-" : "";
  const std::string digits = without_point(decimal.digits);
  const auto count = static_cast<std::int64_t>(digits.size());
  const std::int64_t magnitude = decimal.magnitude;
  const auto zeros = [](std::int64_t n) { return std::string(static_cast<std::size_t>(n), '0'); };
  if (magnitude <= 0 && magnitude >= -kPlainZerosMax) {
    return sign + "0." + zeros(-magnitude) + digits;
  }
  if (magnitude > 0 && magnitude < count) {
    const auto point = static_cast<std::size_t>(magnitude);
    return sign + digits.substr(0, point) + "." + digits.substr(point);
  }
  if (magnitude > 0 && magnitude - count <= kPlainZerosMax) {
    return sign + digits + zeros(magnitude - count);
  }
  return sign + digits + "e" + std::to_string(magnitude - count);
}

std::optional<std::int64_t> fixed_point(const Decimal& decimal, int places) {
  if (decimal.sign == 0) return 0;
  const std::int64_t whole_digits = decimal.magnitude + places;
  if (whole_digits > kFixedDigitsMax) return std::nullopt;
  if (whole_digits < 0) return 0;
  DigitCursor digits(decimal.digits);
  std::int64_t value = 0;
  for (std::int64_t i = 0; i < whole_digits; ++i) value = value * 10 + std::max(digits.next(), 0);
  if (digits.next() >= 5) ++value;
  return decimal.sign * value;
}

std::string fixed_point_text(std::int64_t value, int places) {
  return decimal_text(read_decimal(std::to_string(value) + "e-" + std::to_string(places)));
}

Number::Number(const Decimal& decimal)
    : sign_(decimal.sign), digits_(without_point(decimal.digits)), magnitude_(decimal.magnitude) {}

}  // namespace tidegate::filter
