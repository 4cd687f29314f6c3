// Numbers compared as they are written: any spelling, any length.
#include "core/filter/decimal.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate::filter {
namespace {

int order(std::string_view left, std::string_view right) {
  const auto order = order_decimals(read_decimal(left), read_decimal(right));
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::string respelled(std::string_view number) { return decimal_text(read_decimal(number)); }

TEST(Decimal, OneValueInManySpellings) {
  for (const char* one : {"1", "1.0", "1e0", "10e-1", "0.1e1", "0.001E+3", "1000e-3", "1.000e00"}) {
    EXPECT_EQ(order(one, "1"), 0) << one;
    EXPECT_EQ(respelled(one), "1") << one;
  }
  for (const char* zero : {"0", "-0", "0.0", "0e99999999999999999999", "-0.000E-5"}) {
    EXPECT_EQ(order(zero, "0"), 0) << zero;
    EXPECT_EQ(respelled(zero), "0") << zero;
  }
}

TEST(Decimal, OrderIsThatOfTheValues) {
  const char* rising[] = {"-1e3", "-999.99", "-12",  "-1.2", "-1.1",  "-0.5", "-1e-9",
                          "0",    "1e-9",    "0.05", "0.5",  "0.505", "1",    "1.01",
                          "9",    "10",      "10.5", "99",   "1e2",   "101",  "1e300"};
  for (std::size_t i = 0; i < std::size(rising); ++i) {
    for (std::size_t j = 0; j < std::size(rising); ++j) {
      EXPECT_EQ(order(rising[i], rising[j]), i < j   ? -1
                                             : i > j ? 1
                                                     : 0)
          << rising[i] << " and " << rising[j];
    }
  }
}

TEST(Decimal, NoDigitIsLost) {
  EXPECT_EQ(order("9007199254740993", "9007199254740992"), 1);  // one double
  EXPECT_EQ(order("0.1000000000000000000000001", "0.1"), 1);
  const std::string nines(5000, '9');
  EXPECT_EQ(order(nines, "1" + std::string(5000, '0')), -1);
  EXPECT_EQ(order(nines + "e-5000", "0." + nines), 0);
}

TEST(Decimal, AnEnormousExponentIsTakenAsTheLargest) {
  const Decimal cut = read_decimal("1e99999999999999999999999");
  EXPECT_TRUE(cut.cut);
  EXPECT_EQ(cut.magnitude, limits::filter_exponent_max + 1);
  EXPECT_FALSE(read_decimal("1e1000000").cut);
  EXPECT_TRUE(read_decimal("1e-1000001").cut);
  EXPECT_EQ(order("1e-99999999999999999999999", "0"), 1);
  EXPECT_EQ(order("-1e99999999999999999999999", "-1e9"), -1);
}

TEST(Decimal, TextIsPlainWhileThatIsShort) {
  EXPECT_EQ(respelled("1.50"), "1.5");
  EXPECT_EQ(respelled("-0.0050"), "-0.005");
  EXPECT_EQ(respelled("5e-6"), "0.000005");
  EXPECT_EQ(respelled("0.0000005"), "5e-7");
  EXPECT_EQ(respelled("12e5"), "1200000");
  EXPECT_EQ(respelled("1200000000"), "12e8");
  EXPECT_EQ(respelled("1.25e1"), "12.5");
  for (const char* number : {"5e-7", "12e8", "1.5", "-0.005", "1200000", "12345678901234567890"}) {
    EXPECT_EQ(respelled(number), number);
  }
}

TEST(Decimal, FixedPointRoundsHalfAwayFromZero) {
  const auto fixed = [](std::string_view number) { return fixed_point(read_decimal(number), 2); };
  EXPECT_EQ(fixed("1.234"), 123);
  EXPECT_EQ(fixed("1.235"), 124);
  EXPECT_EQ(fixed("-1.235"), -124);
  EXPECT_EQ(fixed("0.005"), 1);
  EXPECT_EQ(fixed("0.0049999"), 0);
  EXPECT_EQ(fixed("0.0009"), 0);
  EXPECT_EQ(fixed("7e1"), 7000);
  EXPECT_EQ(fixed("1e15"), 100'000'000'000'000'000);
  EXPECT_EQ(fixed("1e16"), std::nullopt);
  EXPECT_EQ(fixed("1e999999"), std::nullopt);
  EXPECT_EQ(fixed("1e-999999"), 0);
  EXPECT_EQ(fixed_point_text(-124, 2), "-1.24");
  EXPECT_EQ(fixed_point_text(900'000'000, 7), "90");
}

TEST(Decimal, ANumberOutlivesItsText) {
  std::string text = "-12.50e3";
  const Number number(read_decimal(text));
  text = "999999999";
  EXPECT_EQ(decimal_text(number.view()), "-12500");
  EXPECT_TRUE(order_decimals(number.view(), read_decimal("-12500.0")) == 0);
}

}  // namespace
}  // namespace tidegate::filter
