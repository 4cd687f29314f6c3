// Slices of validated JSON: members, elements, strings.
#include "core/base/json_slice.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace tidegate {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

Members members_of(std::string_view object) {
  Members members;
  JsonObjectCursor cursor(object);
  for (std::string_view name, value; cursor.next(name, value);) members.emplace_back(name, value);
  return members;
}

std::vector<std::string> elements_of(std::string_view array) {
  std::vector<std::string> elements;
  JsonArrayCursor cursor(array);
  for (std::string_view element; cursor.next(element);) elements.emplace_back(element);
  return elements;
}

TEST(JsonSlice, MembersComeInOrderAsTheyStand) {
  EXPECT_EQ(members_of(R"({})"), Members{});
  EXPECT_EQ(
      members_of(R"({ "a" : 1 , "b":"x,}\"" ,"c": { "d" : [ 1 , 2 ] } , "e":[ ] })"),
      (Members{{"a", "1"}, {"b", R"("x,}\"")"}, {"c", R"({ "d" : [ 1 , 2 ] })"}, {"e", "[ ]"}}));
  EXPECT_EQ(members_of(R"({"a\"b":null,"":true})"), (Members{{R"(a\"b)", "null"}, {"", "true"}}));
}

TEST(JsonSlice, ElementsComeInOrderAsTheyStand) {
  EXPECT_TRUE(elements_of("[ ]").empty());
  EXPECT_EQ(elements_of(R"([1, "a]" ,[2,[3]],{"x":[4]} , null])"),
            (std::vector<std::string>{"1", R"("a]")", "[2,[3]]", R"({"x":[4]})", "null"}));
}

TEST(JsonSlice, TextThatEndsTooEarlyIsReadNoFurther) {
  for (const std::string_view object :
       {"{", R"({")", R"({"a)", R"({"a")", R"({"a":)", R"({"a":{"b)"}) {
    members_of(object);
  }
  for (const std::string_view array : {"[", "[\"", "[\"\\", "[[1", "[1,"}) {
    elements_of(array);
  }
}

TEST(JsonSlice, KindsAreToldByTheFirstByte) {
  EXPECT_EQ(json_kind(json_trimmed(" {} \n")), JsonKind::Object);
  EXPECT_EQ(json_kind("[]"), JsonKind::Array);
  EXPECT_EQ(json_kind(R"("")"), JsonKind::String);
  EXPECT_EQ(json_kind("-1"), JsonKind::Number);
  EXPECT_EQ(json_kind("true"), JsonKind::True);
  EXPECT_EQ(json_kind("false"), JsonKind::False);
  EXPECT_EQ(json_kind("null"), JsonKind::Null);
}

TEST(JsonSlice, WholeNumbersAreDigitsAndNothingElse) {
  EXPECT_EQ(json_whole_number("0"), 0U);
  EXPECT_EQ(json_whole_number("18446744073709551615"), 18446744073709551615U);
  for (const auto* other : {"", "007", "-1", "+1", "1.0", "1e3", " 1", "18446744073709551616"}) {
    EXPECT_EQ(json_whole_number(other), std::nullopt) << other;
  }
}

TEST(JsonSlice, EscapesMeanText) {
  EXPECT_EQ(json_unescaped(R"(a\"\\\/\b\f\n\r\tz)"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(json_unescaped(R"(\u0041\u00e9\u20AC\uD83D\uDE00!)"),
            "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80!");
  EXPECT_TRUE(json_same_text("abc", "abc"));
  EXPECT_TRUE(json_same_text(R"(\u0061bc)", "abc"));
  EXPECT_FALSE(json_same_text(R"(\u0061bc)", "abd"));
  EXPECT_FALSE(json_same_text("abc", "abd"));
}

}  // namespace
}  // namespace tidegate
