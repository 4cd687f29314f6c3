// What each kind of segment matches, and which texts are not patterns.
#include "core/access/channel_pattern.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate {
namespace {

bool matches(std::string_view pattern, std::string_view channel) {
  return ChannelPattern::parse(pattern)->matches(*ChannelName::parse(channel));
}

std::string error_of(std::string_view pattern) {
  const auto parsed = ChannelPattern::parse(pattern);
  if (parsed.ok()) return "";
  EXPECT_EQ(parsed.error().code, ErrorCode::BadRequest);
  return parsed.error().message;
}

TEST(ChannelPattern, LiteralsMatchThemselvesOnly) {
  EXPECT_TRUE(matches("user:42", "user:42"));
  EXPECT_FALSE(matches("user:42", "user:4"));
  EXPECT_FALSE(matches("user:42", "user:421"));
  EXPECT_FALSE(matches("user:42", "user"));
  EXPECT_FALSE(matches("user:42", "user:42:x"));
  EXPECT_FALSE(matches("user", "User"));
}

TEST(ChannelPattern, AStarIsExactlyOneSegment) {
  EXPECT_TRUE(matches("airport:*:departures", "airport:JFK:departures"));
  EXPECT_FALSE(matches("airport:*:departures", "airport:departures"));
  EXPECT_FALSE(matches("airport:*:departures", "airport:JFK:x:departures"));
  EXPECT_TRUE(matches("*", "anything"));
  EXPECT_FALSE(matches("*", "two:segments"));
}

TEST(ChannelPattern, TwoStarsAreOneOrMoreSegments) {
  EXPECT_TRUE(matches("**", "a"));
  EXPECT_TRUE(matches("**", "a:b:c"));
  EXPECT_TRUE(matches("user:**", "user:42"));
  EXPECT_TRUE(matches("user:**", "user:42:notifications"));
  EXPECT_FALSE(matches("user:**", "user"));
  EXPECT_FALSE(matches("user:**", "users:42"));
}

TEST(ChannelPattern, HolesMatchOneSegmentAndKeepIt) {
  const auto pattern = *ChannelPattern::parse("course:{course}:grades:{student_1}");
  const auto channel = *ChannelName::parse("course:cs-101:grades:ann");
  ASSERT_TRUE(pattern.matches(channel));
  const std::vector<std::pair<std::string, std::string>> expected = {{"course", "cs-101"},
                                                                     {"student_1", "ann"}};
  EXPECT_EQ(pattern.holes(channel), expected);
  EXPECT_FALSE(pattern.matches(*ChannelName::parse("course:cs-101:grades")));
  EXPECT_EQ(pattern.text(), "course:{course}:grades:{student_1}");
}

TEST(ChannelPattern, CoversWhateverTheOtherMatches) {
  const char* patterns[] = {"a",   "b",    "a:b",  "*",     "{x}",   "**",     "a:*",      "*:b",
                            "*:*", "a:**", "*:**", "a:b:c", "a:*:c", "a:b:**", "{x}:{y}:c"};
  const char* channels[] = {"a",     "b",     "z",     "a:b",   "a:z",     "z:b",    "z:z",
                            "a:b:c", "a:z:c", "z:z:c", "a:b:z", "a:b:c:d", "z:z:z:z"};
  const auto covers = [](const char* pattern, const char* other) {
    return ChannelPattern::parse(pattern)->covers(*ChannelPattern::parse(other));
  };
  std::size_t covered = 0;
  for (const char* pattern : patterns) {
    for (const char* other : patterns) {
      bool all = true;
      for (const char* channel : channels) {
        all = all && (!matches(other, channel) || matches(pattern, channel));
      }
      EXPECT_EQ(covers(pattern, other), all) << pattern << " over " << other;
      covered += all ? 1 : 0;
    }
  }
  EXPECT_GT(covered, std::size(patterns)) << "not only each itself";
  EXPECT_FALSE(ChannelPattern().covers(*ChannelPattern::parse("a")));
}

TEST(ChannelPattern, AnIntersectionMatchesWhatBothMatch) {
  const char* patterns[] = {"a",    "a:b",  "*",     "{x}",    "**",        "a:*",   "*:b",
                            "a:**", "*:**", "a:*:c", "a:b:**", "{x}:{y}:c", "a:*:**"};
  const char* channels[] = {"a",     "z",     "a:b",   "a:z",   "z:b",     "z:z",
                            "a:b:c", "a:z:c", "z:z:c", "a:b:z", "a:b:c:d", "z:z:z:z"};
  for (const char* one : patterns) {
    for (const char* other : patterns) {
      const auto both = ChannelPattern::parse(one)->intersection(*ChannelPattern::parse(other));
      for (const char* channel : channels) {
        const bool found = both.has_value() && both->matches(*ChannelName::parse(channel));
        EXPECT_EQ(found, matches(one, channel) && matches(other, channel))
            << one << " and " << other << " on " << channel;
      }
    }
  }
  EXPECT_FALSE(ChannelPattern().intersection(*ChannelPattern::parse("**")).has_value());
}

TEST(ChannelPattern, TheDirectoryIsMatchedByNone) {
  EXPECT_FALSE(matches("**", "$channels"));
  EXPECT_FALSE(matches("*", "$channels"));
  EXPECT_NE(error_of("$channels").find("segment 1"), std::string::npos);
}

TEST(ChannelPattern, AnUnsetPatternOrChannelMatchesNothing) {
  EXPECT_FALSE(ChannelPattern().matches(*ChannelName::parse("a")));
  EXPECT_FALSE(ChannelPattern().matches(ChannelName()));
  EXPECT_FALSE(ChannelPattern::parse("**")->matches(ChannelName()));
}

TEST(ChannelPattern, ErrorsNameTheSegment) {
  EXPECT_NE(error_of("").find("segment 1"), std::string::npos);
  EXPECT_NE(error_of("a:").find("segment 2"), std::string::npos);
  EXPECT_NE(error_of("a::b").find("segment 2"), std::string::npos);
  EXPECT_NE(error_of("**:a").find("segment 1"), std::string::npos);
  EXPECT_NE(error_of("a:b*").find("segment 2"), std::string::npos);
  EXPECT_NE(error_of("a:***").find("segment 2"), std::string::npos);
  EXPECT_NE(error_of("{x}:{x}").find("earlier"), std::string::npos);
  for (const char* bad : {"{", "}", "{}", "{a", "a}", "{1a}", "{a-b}", "{a}b", "{a:b}", "a b"}) {
    EXPECT_NE(error_of(bad), "") << bad;
  }
}

TEST(ChannelPattern, LimitsAreThoseOfChannelNames) {
  std::string deep = "*";
  for (std::size_t i = 1; i < limits::channel_segments_max; ++i) deep += ":*";
  EXPECT_EQ(error_of(deep), "");
  EXPECT_NE(error_of(deep + ":*").find("segment 9"), std::string::npos);
  EXPECT_NE(error_of(std::string(limits::channel_name_bytes_max + 1, 'a')), "");
  EXPECT_NE(error_of(std::string(limits::channel_segment_bytes_max + 1, 'a')), "");
}

}  // namespace
}  // namespace tidegate
