// Numbers as JSON writes them, compared exactly: 1, 1.0 and 10e-1 are one number, and no number of
// digits is too many. A Decimal is a view of the text it was read from, so that comparing two
// numbers neither allocates nor rounds.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidegate::filter {

/// 0.d₁d₂d₃… × 10^magnitude, with d₁ and the last digit not zero.
struct Decimal {
  int sign = 0;             // -1, 0, 1; the rest is only meaningful when it is not 0
  std::string_view digits;  // from the first to the last that is not 0, perhaps with the point
  std::int64_t magnitude = 0;
  bool cut = false;  // the exponent was over filter_exponent_max and is taken as that
};

/// `number` is a JSON number (RFC 8259).
Decimal read_decimal(std::string_view number);
std::strong_ordering order_decimals(const Decimal& left, const Decimal& right);

/// The one spelling of a value: plain while that is short, else digits and an exponent.
std::string decimal_text(const Decimal& decimal);

/// The value times 10^places, rounded half away from zero; nothing when it has over 18 digits.
std::optional<std::int64_t> fixed_point(const Decimal& decimal, int places);
/// What fixed_point() was given, without the digits it rounded off, as decimal_text().
std::string fixed_point_text(std::int64_t value, int places);

/// A number that outlives the text it came from.
class Number {
 public:
  explicit Number(const Decimal& decimal);
  Decimal view() const { return {sign_, digits_, magnitude_, false}; }

 private:
  int sign_;
  std::string digits_;  // without the point
  std::int64_t magnitude_;
};

}  // namespace tidegate::filter
