// Durations, sizes and counts as people write them.
#include "edge/app/quantity.h"

#include <gtest/gtest.h>

namespace tidegate::app {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, Durations) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("15m"), 15min);
  EXPECT_EQ(parse_duration("15min"), 15min);
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("0s"), 0s);
  for (const char* text : {"", "5", "s", "-5s", "5 s", "1.5s", "5S", "5sec", "5s ", "+5s",
                           "99999999999999999999s", "9223372036854775807h"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(Quantity, Sizes) {
  EXPECT_EQ(parse_size("16MB"), 16U * 1024 * 1024);
  EXPECT_EQ(parse_size("16MiB"), 16U * 1024 * 1024);
  EXPECT_EQ(parse_size("64KB"), 65536U);
  EXPECT_EQ(parse_size("1GB"), 1U << 30);
  EXPECT_EQ(parse_size("12B"), 12U);
  for (const char* text :
       {"", "16", "MB", "16mb", "1.5MB", "-1B", "16 MB", "9223372036854775807GB"}) {
    EXPECT_FALSE(parse_size(text).has_value()) << text;
  }
}

TEST(Quantity, Counts) {
  EXPECT_EQ(parse_count("0"), 0U);
  EXPECT_EQ(parse_count("65536"), 65536U);
  for (const char* text : {"", "-1", "1.0", "1e3", " 1", "1 ", "0x10", "99999999999999999999"}) {
    EXPECT_FALSE(parse_count(text).has_value()) << text;
  }
}

TEST(Quantity, PrintsTheLargestWholeUnit) {
  EXPECT_EQ(format_duration(24h), "24h");
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(120s), "2m");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(0s), "0ms");
  EXPECT_EQ(format_size(16 * 1024 * 1024), "16MB");
  EXPECT_EQ(format_size(1000), "1000B");
  EXPECT_EQ(format_size(0), "0B");
}

}  // namespace
}  // namespace tidegate::app
