// Which channels of a pattern are subscribed to, and from where.
#include "edge/app/pattern_follower.h"

#include <gtest/gtest.h>

namespace tidegate::app {
namespace {

constexpr char kRecord[] = R"({"epoch":"e1","offset":"17","segments":["orders","7"]})";

TEST(PatternFollower, PatternsAreTold) {
  for (const char* pattern : {"orders:*", "a:{b}:c", "**", "a:**"}) {
    EXPECT_TRUE(is_pattern(pattern)) << pattern;
  }
  for (const char* name : {"orders:7", "a", "$channels", "a::b", "", "**:a"}) {
    EXPECT_FALSE(is_pattern(name)) << name;
  }
  EXPECT_EQ(pattern_filter("a:*"), R"({"pattern":"a:*"})");
}

TEST(PatternFollower, WhatWasThereBeginsNowAndWhatComesWhereItIsListed) {
  PatternFollower follower;
  EXPECT_FALSE(follower.handle_record("orders:1", kRecord).has_value()) << "not before it is live";
  const auto present = follower.handle_live();
  ASSERT_EQ(present.size(), 1U);
  EXPECT_EQ(present.front().name.str(), "orders:1");
  EXPECT_FALSE(present.front().since.has_value());
  const auto later = follower.handle_record("orders:7", kRecord);
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->name.str(), "orders:7");
  EXPECT_EQ(later->since->epoch.token(), "e1");
  EXPECT_EQ(later->since->offset, Offset{17});
  EXPECT_TRUE(follower.handle_live().empty()) << "live again: they are known";
}

TEST(PatternFollower, WhatIsNoRecordOfADirectoryIsPassedOver) {
  PatternFollower follower;
  (void)follower.handle_live();
  for (const char* record : {"", "7", "{}", R"({"epoch":"e1"})", R"({"epoch":1,"offset":"1"})",
                             R"({"epoch":"a b","offset":"1"})", R"({"epoch":"e","offset":"-1"})"}) {
    EXPECT_FALSE(follower.handle_record("orders:7", record).has_value()) << record;
  }
  EXPECT_FALSE(follower.handle_record("or ders", kRecord).has_value());
}

}  // namespace
}  // namespace tidegate::app
