// What each operator matches and what it does not: fields that are missing or of another type
// included, since a filter answers for every record.
#include "core/filter/filter.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/base/limits.h"
#include "tests/unit/core/client/allocation_counter.h"

namespace tidegate {
namespace {

Filter filter_of(std::string_view text) {
  auto parsed = Filter::parse(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed.ok() ? "" : parsed.error().message);
  return parsed.ok() ? *std::move(parsed) : *Filter::parse("{}");
}

bool matches(std::string_view filter, std::string_view payload, std::string_view tags = "") {
  return filter_of(filter).matches(payload, tags);
}

TEST(Filter, AnEmptyFilterMatchesEverything) {
  EXPECT_TRUE(matches("{}", R"({"a":1})"));
  EXPECT_TRUE(matches("{}", ""));
  EXPECT_TRUE(matches(R"({"and":[]})", "1"));
  EXPECT_FALSE(matches(R"({"or":[]})", "1"));
  EXPECT_FALSE(matches(R"({"not":{}})", "1"));
}

TEST(Filter, EqIsTheDefaultOperator) {
  for (const char* filter : {R"({"s":"open"})", R"({"s":{"eq":"open"}})", R"({"/s":"open"})"}) {
    EXPECT_TRUE(matches(filter, R"({"s":"open"})"));
    EXPECT_TRUE(matches(filter, R"( { "x" : 1 , "s" : "op\u0065n" } )"));
    EXPECT_FALSE(matches(filter, R"({"s":"Open"})"));
    EXPECT_FALSE(matches(filter, R"({"s":["open"]})"));
    EXPECT_FALSE(matches(filter, R"({"t":"open"})"));
    EXPECT_FALSE(matches(filter, R"("open")"));
    EXPECT_FALSE(matches(filter, ""));
  }
  EXPECT_TRUE(matches(R"({"n":1})", R"({"n":10e-1})"));
  EXPECT_FALSE(matches(R"({"n":1})", R"({"n":"1"})"));
  EXPECT_FALSE(matches(R"({"n":1})", R"({"n":true})"));
  EXPECT_TRUE(matches(R"({"b":true})", R"({"b":true})"));
  EXPECT_FALSE(matches(R"({"b":true})", R"({"b":false})"));
  EXPECT_TRUE(matches(R"({"b":null})", R"({"b":null})"));
  EXPECT_FALSE(matches(R"({"b":null})", "{}"));
  EXPECT_FALSE(matches(R"({"b":null})", R"({"b":false})"));
}

TEST(Filter, NeqHoldsForWhatIsMissingOrOfAnotherType) {
  const char* filter = R"({"s":{"neq":"open"}})";
  EXPECT_FALSE(matches(filter, R"({"s":"open"})"));
  EXPECT_TRUE(matches(filter, R"({"s":"shut"})"));
  EXPECT_TRUE(matches(filter, R"({"s":1})"));
  EXPECT_TRUE(matches(filter, R"({"s":{}})"));
  EXPECT_TRUE(matches(filter, "{}"));
  EXPECT_TRUE(matches(filter, ""));
}

TEST(Filter, InIsAnyOfTheValues) {
  const char* filter = R"({"v":{"in":["a",1,null,"a",true,10]}})";
  for (const char* value : {R"("a")", "1.0", "null", "true", "1e1"}) {
    EXPECT_TRUE(matches(filter, "{\"v\":" + std::string(value) + "}")) << value;
  }
  for (const char* value : {R"("b")", "2", "false", R"("1")", "[]", "{}", R"("")", "0", "11"}) {
    EXPECT_FALSE(matches(filter, "{\"v\":" + std::string(value) + "}")) << value;
  }
  EXPECT_FALSE(matches(filter, "{}"));
  EXPECT_FALSE(matches(R"({"v":{"in":[]}})", R"({"v":1})"));
}

TEST(Filter, OrderIsWithinNumbersAndWithinStrings) {
  const auto answers = [](std::string_view bound, std::string_view value) {
    std::string found;
    for (const char* relation : {"lt", "lte", "gt", "gte"}) {
      const std::string filter =
          "{\"v\":{\"" + std::string(relation) + "\":" + std::string(bound) + "}}";
      found += matches(filter, "{\"v\":" + std::string(value) + "}") ? 'y' : 'n';
    }
    return found;
  };
  EXPECT_EQ(answers("10", "9.99"), "yynn");
  EXPECT_EQ(answers("10", "10.0"), "nyny");
  EXPECT_EQ(answers("10", "10.01"), "nnyy");
  EXPECT_EQ(answers("-1", "-2"), "yynn");
  EXPECT_EQ(answers(R"("b")", R"("a")"), "yynn");
  EXPECT_EQ(answers(R"("b")", R"("\u0062")"), "nyny");
  EXPECT_EQ(answers(R"("b")", R"("ba")"), "nnyy");
  EXPECT_EQ(answers(R"("z")", R"("é")"), "nnyy");  // bytes of UTF-8, unsigned
  EXPECT_EQ(answers("10", R"("9")"), "nnnn");
  EXPECT_EQ(answers(R"("b")", "1"), "nnnn");
  EXPECT_EQ(answers("10", "null"), "nnnn");
  EXPECT_EQ(answers("10", "[1]"), "nnnn");
}

TEST(Filter, PrefixIsOfStrings) {
  const char* filter = R"({"v":{"prefix":"ab\u0063"}})";
  EXPECT_TRUE(matches(filter, R"({"v":"abc"})"));
  EXPECT_TRUE(matches(filter, R"({"v":"a\u0062cd"})"));
  EXPECT_FALSE(matches(filter, R"({"v":"ab"})"));
  EXPECT_FALSE(matches(filter, R"({"v":"xabc"})"));
  EXPECT_FALSE(matches(filter, "{}"));
  EXPECT_FALSE(matches(R"({"v":{"prefix":"1"}})", R"({"v":1})"));
  EXPECT_TRUE(matches(R"({"v":{"prefix":""}})", R"({"v":""})"));
}

TEST(Filter, ExistsIsOfAnyValue) {
  for (const char* value : {"null", "0", R"("")", "[]", "{}"}) {
    const std::string payload = "{\"v\":" + std::string(value) + "}";
    EXPECT_TRUE(matches(R"({"v":{"exists":true}})", payload));
    EXPECT_FALSE(matches(R"({"v":{"exists":false}})", payload));
  }
  EXPECT_FALSE(matches(R"({"v":{"exists":true}})", R"({"w":1})"));
  EXPECT_TRUE(matches(R"({"v":{"exists":false}})", R"({"w":1})"));
  EXPECT_TRUE(matches(R"({"v":{"exists":false}})", ""));
  EXPECT_FALSE(matches(R"({"":{"exists":true}})", ""));
  EXPECT_TRUE(matches(R"({"":{"exists":true}})", "[]"));
}

TEST(Filter, WithinIsOfPlacesOnTheGlobe) {
  const char* filter = R"({"at":{"within":{"lat":52.5,"lon":13.4,"metres":1000}}})";
  EXPECT_TRUE(matches(filter, R"({"at":{"lat":52.5,"lon":13.4}})"));
  EXPECT_TRUE(matches(filter, R"({"at":{"latitude":52.505,"longitude":13.405,"floor":2}})"));
  EXPECT_TRUE(matches(filter, R"({"at":{"l\u0061t":52.505,"lng":13.405}})"));
  EXPECT_FALSE(matches(filter, R"({"at":{"lat":52.6,"lon":13.4}})"));
  EXPECT_FALSE(matches(filter, R"({"at":{"lat":"52.5","lon":13.4}})"));
  EXPECT_FALSE(matches(filter, R"({"at":{"lat":52.5}})"));
  EXPECT_FALSE(matches(filter, R"({"at":{"lat":152.5,"lon":13.4}})"));
  EXPECT_FALSE(matches(filter, R"({"at":[52.5,13.4]})"));
  EXPECT_FALSE(matches(filter, "{}"));
  // Of several names the first counts; of one name the last member.
  EXPECT_FALSE(matches(filter, R"({"at":{"latitude":52.5,"lat":0,"lon":13.4}})"));
  EXPECT_TRUE(matches(filter, R"({"at":{"lat":0,"lat":52.5,"lon":13.4}})"));
  EXPECT_TRUE(
      matches(R"({"":{"within":{"latitude":1,"lng":2,"metres":1}}})", R"({"lat":1,"lon":2})"));
}

TEST(Filter, OperatorsAndMembersAreAllRequired) {
  const char* filter = R"({"price":{"gte":5,"lt":10},"status":{"in":["open","ready"]}})";
  EXPECT_TRUE(matches(filter, R"({"status":"ready","price":5})"));
  EXPECT_FALSE(matches(filter, R"({"status":"ready","price":10})"));
  EXPECT_FALSE(matches(filter, R"({"status":"ready","price":4.9})"));
  EXPECT_FALSE(matches(filter, R"({"status":"shut","price":5})"));
  EXPECT_FALSE(matches(filter, R"({"price":5})"));
}

TEST(Filter, FiltersJoinToFilters) {
  const char* filter = R"({"or":[{"a":1},{"and":[{"b":2},{"not":{"c":3}}]}]})";
  EXPECT_TRUE(matches(filter, R"({"a":1})"));
  EXPECT_TRUE(matches(filter, R"({"b":2})"));
  EXPECT_TRUE(matches(filter, R"({"b":2,"c":4})"));
  EXPECT_FALSE(matches(filter, R"({"b":2,"c":3})"));
  EXPECT_FALSE(matches(filter, "{}"));
  EXPECT_TRUE(matches(R"({"not":{"a":{"lt":5}}})", R"({"a":"x"})"));  // plain negation
}

TEST(Filter, TagsAreAskedByName) {
  const char* filter = R"({"tags":{"region":"eu","/x":{"gt":1}}})";
  EXPECT_TRUE(matches(filter, "", R"({"region":"eu","/x":2})"));
  EXPECT_FALSE(matches(filter, R"({"region":"eu","/x":2})", "{}"));
  EXPECT_FALSE(matches(filter, R"({"region":"eu","/x":2})"));
  EXPECT_FALSE(matches(filter, "", R"({"region":"us","/x":2})"));
  EXPECT_TRUE(matches(R"({"tags":{"a":{"exists":false}},"a":1})", R"({"a":1})", R"({"b":1})"));
}

TEST(Filter, ReservedNamesAreReachedByPointers) {
  EXPECT_TRUE(
      matches(R"({"/and":1,"/tags":2,"/or":3,"/not":4})", R"({"and":1,"tags":2,"or":3,"not":4})"));
  EXPECT_TRUE(matches(R"({"/a~1b/~0/0":"x"})", R"({"a/b":{"~":["x"]}})"));
  EXPECT_TRUE(matches(R"({"a.b":1})", R"({"a.b":1})"));
  EXPECT_TRUE(matches(R"({"":5})", " 5 "));
  EXPECT_TRUE(matches(R"({"/":5})", R"({"":5})"));
}

TEST(Filter, OneCanonicalFormForAllSpellings) {
  const std::string_view same[] = {
      R"({"a":{"in":["x","y"]},"b":{"gte":1,"lt":10}})",
      R"( {"b":{"lt":1e1, "gte":1.0}, "/a":{"in":["y","x","y","\u0078"]}} )",
      R"({"and":[{"a":{"in":["y","x"]}},{"and":[{"b":{"lt":10}},{"b":{"gte":1}},{"b":{"gte":1}}]}]})",
      R"({"not":{"not":{"a":{"in":["x","y"]},"b":{"gte":1,"lt":10}}}})"};
  for (const std::string_view text : same) {
    EXPECT_EQ(filter_of(text).canonical(),
              R"({"and":[{"a":{"in":["x","y"]}},{"b":{"gte":1}},{"b":{"lt":10}}]})");
    EXPECT_EQ(filter_of(text).hash(), filter_of(same[0]).hash());
    EXPECT_NE(filter_of(text).hash(1), filter_of(text).hash(2));
  }
  EXPECT_NE(filter_of(R"({"a":1})").hash(), filter_of(R"({"a":"1"})").hash());
  EXPECT_NE(filter_of(R"({"a":1})").hash(), filter_of(R"({"tags":{"a":1}})").hash());
  EXPECT_NE(filter_of(R"({"/a/b":1})").hash(), filter_of(R"({"a/b":1})").hash());
}

TEST(Filter, TheCanonicalFormIsAFilter) {
  const auto canonical = [](std::string_view text) { return filter_of(text).canonical(); };
  EXPECT_EQ(canonical("{}"), "{}");
  EXPECT_EQ(canonical(R"({"or":[]})"), R"({"or":[]})");
  EXPECT_EQ(canonical(R"({"s":"open"})"), R"({"s":{"eq":"open"}})");
  EXPECT_EQ(canonical(R"({"s":{"in":["open"]}})"), R"({"s":{"eq":"open"}})");
  EXPECT_EQ(canonical(R"({"not":{"s":"open"}})"), R"({"s":{"neq":"open"}})");
  EXPECT_EQ(canonical(R"({"not":{"s":{"exists":true}}})"), R"({"s":{"exists":false}})");
  EXPECT_EQ(canonical(R"({"not":{"s":{"lt":"é\u0001\"\\\/"}}})"),
            R"({"not":{"s":{"lt":"é\u0001\"\\/"}}})");
  EXPECT_EQ(canonical(R"({"/and":1})"), R"({"/and":{"eq":1}})");
  EXPECT_EQ(canonical(R"({"/x~1y":1,"":2,"/":3,"/p/q":null})"),
            R"({"and":[{"":{"eq":2}},{"/":{"eq":3}},{"/p/q":{"eq":null}},{"x/y":{"eq":1}}]})");
  EXPECT_EQ(canonical(R"({"//z":{"prefix":"a"}})"), R"({"//z":{"prefix":"a"}})");
  EXPECT_EQ(canonical(R"({"/~1z":false})"), R"({"/~1z":{"eq":false}})");
  EXPECT_EQ(canonical(R"({"tags":{"t":{"neq":1}}})"), R"({"tags":{"t":{"neq":1}}})");
  EXPECT_EQ(canonical(R"({"p":{"within":{"lng":1e0,"metres":5.0,"latitude":-0.50}}})"),
            R"({"p":{"within":{"lat":-0.5,"lon":1,"metres":5}}})");
}

TEST(Filter, KnowsWhichFieldsItReads) {
  const Filter nested = filter_of(R"({"/a/b":1,"or":[{"c":{"exists":true}}],"tags":{"t":1}})");
  EXPECT_TRUE(nested.reads_field("a"));
  EXPECT_TRUE(nested.reads_field("c"));
  EXPECT_FALSE(nested.reads_field("b"));
  EXPECT_FALSE(nested.reads_field("t"));
  EXPECT_TRUE(filter_of(R"({"":1})").reads_field("anything"));
  EXPECT_FALSE(filter_of("{}").reads_field("a"));
}

TEST(Filter, CostGrowsWithPlacesAndComparisons) {
  const auto cost = [](std::string_view text) { return filter_of(text).cost(); };
  EXPECT_EQ(cost("{}"), 1u);
  EXPECT_LT(cost(R"({"a":1})"), cost(R"({"a":1,"b":2})"));
  EXPECT_LT(cost(R"({"a":1})"), cost(R"({"/a/b":1})"));
  EXPECT_LT(cost(R"({"a":1})"), cost(R"({"a":{"in":[1,2,3,4]}})"));
  EXPECT_LT(cost(R"({"a":1})"), cost(R"({"a":{"within":{"lat":0,"lon":0,"metres":1}}})"));
}

// A filter that had no room even alone would be told to come back for ever.
TEST(Filter, TheLargestFilterLeavesRoomForOthersOnItsChannel) {
  std::string text = "{";
  for (std::size_t i = 0; i + 1 < limits::filter_terms_max; ++i) {
    text += "\"/" + std::to_string(i) + R"(/b":{"within":{"lat":0,"lon":0,"metres":1}},)";
  }
  const Filter largest = filter_of(text + R"("/0":1})");
  EXPECT_GT(largest.cost(), limits::filter_terms_max + limits::filter_fields_max);
  EXPECT_LE(largest.cost() * 4, limits::filter_cost_per_channel_max);
}

TEST(Filter, MatchingPlainPayloadsAllocatesNothing) {
  const Filter filter = filter_of(
      R"({"status":{"in":["open","a status that is longer than a short string"]},
          "/position":{"within":{"lat":52.5,"lon":13.4,"metres":1000}},
          "price":{"lt":10},"tags":{"region":{"prefix":"eu-"}}})");
  const std::string payload =
      R"({"id":"0123456789012345678901234567890","price":9.99,"position":{"lat":52.5,"lon":13.4},
          "status":"a status that is longer than a short string","more":[1,2,{"deep":true}]})";
  const std::size_t before = testing::allocation_count();
  const bool matched = filter.matches(payload, R"({"region":"eu-central-1"})");
  EXPECT_EQ(testing::allocation_count(), before);
  EXPECT_TRUE(matched);
}

TEST(Filter, ACopyStandsAlone) {
  auto original = std::make_unique<Filter>(filter_of(R"({"s":{"eq":"x"},"n":{"gt":1.5}})"));
  const Filter copy = *original;
  original.reset();
  EXPECT_TRUE(copy.matches(R"({"s":"x","n":2})", ""));
  EXPECT_FALSE(copy.matches(R"({"s":"x","n":1})", ""));
}

}  // namespace
}  // namespace tidegate
