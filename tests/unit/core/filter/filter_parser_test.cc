// What is no filter, and what a person is told about it.
#include "core/filter/filter_parser.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/filter/filter.h"

namespace tidegate {
namespace {

std::string error_of(std::string_view text, ErrorCode code = ErrorCode::BadRequest) {
  const auto parsed = Filter::parse(text);
  if (parsed.ok()) return "";
  EXPECT_EQ(parsed.error().code, code) << parsed.error().message;
  EXPECT_LE(parsed.error().message.size(), limits::error_message_bytes_max);
  return parsed.error().message;
}

std::string over(std::string_view text) { return error_of(text, ErrorCode::LimitExceeded); }

void expect_part(const std::string& message, std::string_view part) {
  EXPECT_NE(message.find(part), std::string::npos) << message << "\n  lacks: " << part;
}

std::string repeated(std::string_view part, std::size_t count, std::string_view between = ",") {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i > 0 ? std::string(between) : "") += part;
  return text;
}

TEST(FilterParser, UnknownOperatorsAreTranslated) {
  EXPECT_EQ(error_of(R"({"price":{"le":10}})"), "filter, byte 11: unknown operator `le`; use lte");
  expect_part(error_of(R"({"a":{"!=":10}})"), "unknown operator `!=`; use neq");
  const std::string allowed = error_of(R"({"a":{"like":"x"}})");
  expect_part(allowed, "eq, neq, in, lt, lte, gt, gte, prefix, exists or within");
  expect_part(allowed, "`/a/b`");
  expect_part(error_of("{\"a\":{\"" + repeated("é", 300, "") + "\":1}}"), "…`");
}

TEST(FilterParser, OnlyJsonIsAFilter) {
  expect_part(error_of(""), "not JSON");
  expect_part(error_of(R"({"a":1,})"), "at byte 7");
  expect_part(error_of("{\"a\":\"\xFF\"}"), "UTF-8");
  for (const char* text : {"[]", "1", R"("open")", "null"}) {
    expect_part(error_of(text), "filter, byte 0: a filter is an object");
  }
}

TEST(FilterParser, ConditionsAreScalarsOrOperators) {
  expect_part(error_of(R"({"a":[1,2]})"), "byte 5: a list is no condition; write {\"in\":");
  expect_part(error_of(R"({"a":{}})"), "byte 5: a condition has an operator");
  expect_part(error_of(R"({"a":{"eq":{}}})"), "byte 11: objects and lists are not compared");
  expect_part(error_of(R"({"a":{"neq":[]}})"), "not compared");
  expect_part(error_of(R"({"a":{"in":[1,[2]]}})"), "byte 14: objects and lists");
  expect_part(error_of(R"({"a":{"in":"x"}})"), "`in` takes a list");
  expect_part(error_of(R"({"a":{"lt":true}})"), "`lt` takes a number or a string");
  expect_part(error_of(R"({"a":{"gte":null}})"), "`gte` takes a number or a string");
  expect_part(error_of(R"({"a":{"prefix":1}})"), "`prefix` takes a string");
  expect_part(error_of(R"({"a":{"exists":"yes"}})"), "`exists` takes true or false");
  expect_part(error_of(R"({"a":1e1000001})"), "byte 5: an exponent is at most");
  EXPECT_EQ(error_of(R"({"a":1e1000000})"), "");
}

TEST(FilterParser, WithinIsComplete) {
  const auto within = [](std::string_view circle) {
    return error_of("{\"a\":{\"within\":" + std::string(circle) + "}}");
  };
  EXPECT_EQ(within(R"({"lat":1,"lon":2,"metres":3})"), "");
  EXPECT_EQ(within(R"({"latitude":1,"longitude":2,"metres":20000000})"), "");
  expect_part(within("[1,2,3]"), "byte 15: `within` takes {");
  expect_part(within(R"({"lat":1,"lon":2})"), "one lat, one lon and one metres");
  expect_part(within(R"({"lat":1,"lon":2,"lng":3,"metres":1})"), "one lat, one lon");
  expect_part(within(R"({"lat":1,"latitude":2,"metres":1})"), "one lat, one lon");
  expect_part(within(R"({"lat":1,"lon":2,"meters":3})"), "unknown member `meters`");
  expect_part(within(R"({"lat":"1","lon":2,"metres":3})"), "byte 22: `lat` takes a number");
  expect_part(within(R"({"lat":91,"lon":2,"metres":3})"), "from -90 to 90");
  expect_part(within(R"({"lat":1,"lon":200,"metres":3})"), "from -180 to 180");
  expect_part(within(R"({"lat":1,"lon":2,"metres":-0.0001})"), "from 0 to filter_metres_max");
  expect_part(within(R"({"lat":1,"lon":2,"metres":20000000.001})"), "20000000");
  expect_part(error_of(R"({"tags":{"t":{"within":{"lat":1,"lon":2,"metres":3}}}})"), "no place");
}

TEST(FilterParser, NamesAreMeantOnce) {
  expect_part(error_of(R"({"a":1,"\u0061":2})"), "byte 8: a second member `a`");
  expect_part(error_of(R"({"a":{"lt":1,"lt":2}})"), "a second member `lt`");
  expect_part(error_of(R"({"tags":{"t":1,"t":2}})"), "a second member `t`");
  EXPECT_EQ(error_of(R"({"a":{"gt":1},"/a":{"lt":2}})"), "");
}

TEST(FilterParser, ReservedNamesTakeFilters) {
  expect_part(error_of(R"({"and":{"a":1}})"), "byte 7: `and` takes a list of filters");
  expect_part(error_of(R"({"or":1})"), "written `/or`");
  expect_part(error_of(R"({"or":[1]})"), "byte 7: a filter is an object");
  expect_part(error_of(R"({"not":true})"), "a filter is an object");
  expect_part(error_of(R"({"tags":"x"})"), "written `/tags`");
  expect_part(error_of(R"({"/a~2":1})"), "byte 2: `~` is written `~0`");
}

TEST(FilterParser, LimitsAreNamed) {
  const std::string long_text = "{\"a\":\"" + std::string(limits::filter_bytes_max - 8, 'x');
  EXPECT_EQ(error_of(long_text + "\"}"), "");
  expect_part(over(long_text + "x\"}"), "4097 bytes are over filter_bytes_max, 4096");

  const auto nested = [](std::size_t depth) {
    return repeated("{\"not\":", depth - 1, "") + "{\"a\":1}" + repeated("}", depth - 1, "");
  };
  EXPECT_EQ(error_of(nested(limits::filter_depth_max)), "");
  expect_part(over(nested(limits::filter_depth_max + 1)), "byte 56: more filters within filters");
  expect_part(over(nested(limits::filter_depth_max + 1)), "filter_depth_max, 8");

  const auto terms = [](std::size_t count) {
    return "{\"or\":[" + repeated("{\"a\":1}", count) + "]}";
  };
  EXPECT_EQ(error_of(terms(limits::filter_terms_max)), "");
  expect_part(over(terms(limits::filter_terms_max + 1)), "comparisons than filter_terms_max, 64");

  const auto values = [](std::size_t count) {
    return "{\"b\":{\"in\":[1,2]},\"a\":{\"in\":[" + repeated("7", count - 2) + "]}}";
  };
  EXPECT_EQ(error_of(values(limits::filter_values_max)), "");
  expect_part(over(values(limits::filter_values_max + 1)), "filter_values_max, 256");

  // Two slots are the whole payload and the tags as a whole.
  const auto places = [](std::size_t count) {
    return "{\"" + repeated("/a", count - 2, "") + "\":1}";
  };
  EXPECT_EQ(error_of(places(limits::filter_fields_max)), "");
  expect_part(over(places(limits::filter_fields_max + 1)), "129 places");
}

}  // namespace
}  // namespace tidegate
