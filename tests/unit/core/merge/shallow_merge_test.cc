// The merge operation, byte for byte.
#include "core/merge/shallow_merge.h"

#include <gtest/gtest.h>

#include "core/merge/record_digest.h"
#include "tests/unit/core/client/allocation_counter.h"

namespace tidegate {
namespace {

TEST(CheckMerge, TakesSetAndUnsetAndNothingElse) {
  for (const auto* payload : {"{}", R"({"set":{}})", R"( {"unset":["a"],"set":{"b":null}} )",
                              R"({"\u0073et":{"a":1}})"}) {
    EXPECT_TRUE(check_merge(payload).ok()) << payload;
  }
  const struct {
    const char* payload;
    const char* says;
  } bad[] = {{"[]", "not an object"},
             {R"({"a":1})", "unknown member \"a\""},
             {R"({"set":[]})", "set is not an object"},
             {R"({"set":{},"set":{}})", "stands twice"},
             {R"({"unset":"a"})", "unset is not an array"},
             {R"({"unset":["a",1]})", "unset is not an array"}};
  for (const auto& [payload, says] : bad) {
    const Status status = check_merge(payload);
    ASSERT_FALSE(status.ok()) << payload;
    EXPECT_EQ(status.error().code, ErrorCode::InvalidPayload);
    EXPECT_NE(status.error().message.find(says), std::string::npos) << status.error().message;
  }
}

TEST(ShallowMerge, ReplacesNamedFieldsAsTheyAreAndKeepsTheOthers) {
  EXPECT_EQ(
      shallow_merge(R"( {"a": 1, "b" :{"x":1},"c":null} )", R"({"set":{"b":{ "y":2.0 },"d":[1]}})"),
      R"({"a":1,"b":{ "y":2.0 },"c":null,"d":[1]})");
}

TEST(ShallowMerge, NullIsAValueAndUnsetTakesAway) {
  EXPECT_EQ(shallow_merge(R"({"a":1,"b":2})", R"({"set":{"a":null},"unset":["b","z"]})"),
            R"({"a":null})");
  EXPECT_EQ(shallow_merge(R"({"a":1})", R"({"set":{"a":2,"b":3},"unset":["a","b"]})"), "{}");
}

TEST(ShallowMerge, BeginsWithNothingWhereThereIsNoRecord) {
  EXPECT_EQ(shallow_merge("", R"({"set":{"a":1},"unset":["b"]})"), R"({"a":1})");
  EXPECT_EQ(shallow_merge("", "{}"), "{}");
}

TEST(ShallowMerge, NamesAreTheSameWhenTheyMeanTheSame) {
  EXPECT_EQ(shallow_merge(R"({"\u0061":1})", R"({"set":{"a":2}})"), R"({"\u0061":2})");
  EXPECT_EQ(shallow_merge(R"({"a":1})", R"({"unset":["\u0061"]})"), "{}");
}

TEST(ShallowMerge, TheLastOfEqualNamesCounts) {
  EXPECT_EQ(shallow_merge("{}", R"({"set":{"a":1,"b":2,"a":3}})"), R"({"b":2,"a":3})");
  EXPECT_EQ(shallow_merge(R"({"a":0})", R"({"set":{"a":1,"a":3}})"), R"({"a":3})");
}

// Counted and not timed: comparing each name with each other one would unescape ten million times.
TEST(ShallowMerge, UnescapesEachNameButAFewTimesHoweverManyThereAre) {
  constexpr std::size_t kNames = 4800;
  std::string fields;
  std::string names;
  for (std::size_t i = 0; i < kNames; ++i) {
    // Too long for a string to hold without allocating.
    const std::string name = R"("\ta name that is not short )" + std::to_string(i) + '"';
    fields += (i == 0 ? "" : ",") + name + ":1";
    names += (i == 0 ? "" : ",") + name;
  }
  const std::string record = "{" + fields + "}";
  for (const std::string& payload : {R"({"set":)" + record + "}", R"({"unset":[)" + names + "]}"}) {
    const std::size_t before = testing::allocation_count();
    const std::string merged = shallow_merge(record, payload);
    EXPECT_LE(testing::allocation_count() - before, 8 * kNames);
    EXPECT_EQ(merged, payload.find("unset") == std::string::npos ? record : "{}");
  }
}

std::uint64_t digest(std::string_view key, std::string_view json) {
  return record_digest(key, PayloadKind::Json, as_bytes(json));
}

TEST(RecordDigest, DependsOnKeyNamesAndValuesAndNotOnTheirOrder) {
  EXPECT_EQ(digest("k", R"({"a":1,"b":2})"), digest("k", R"( {"b":2 , "a":1})"));
  EXPECT_NE(digest("k", R"({"a":1})"), digest("l", R"({"a":1})"));
  EXPECT_NE(digest("k", R"({"a":1})"), digest("k", R"({"b":1})"));
  EXPECT_NE(digest("k", R"({"a":1})"), digest("k", R"({"a":2})"));
  EXPECT_NE(digest("k", R"({"a":1,"b":2})"), digest("k", R"({"a":2,"b":1})"));
}

TEST(RecordDigest, TellsKindsApart) {
  EXPECT_NE(digest("k", "{}"), 0U);
  EXPECT_NE(digest("k", "7"), digest("k", "8"));
  EXPECT_NE(digest("k", "7"), record_digest("k", PayloadKind::Binary, as_bytes("7")));
}

}  // namespace
}  // namespace tidegate
