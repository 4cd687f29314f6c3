// Slices keep the text as it was written.
#include "edge/app/json_slices.h"

#include <gtest/gtest.h>

namespace tidegate::app {
namespace {

std::string_view value_of(const std::vector<JsonMember>& members, std::string_view name) {
  for (const JsonMember& member : members) {
    if (member.name == name) return member.value;
  }
  return "(missing)";
}

TEST(JsonSlices, ValuesKeepTheirSpelling) {
  const auto members = json_members(
      R"( { "a" : 12345678901234567890 , "b":1.0,"c" : {"x":[1, {"y":"}]"}] , "z": 1E+2 } ,)"
      R"("d":[ ],"e":"\u0041\"," } )");
  ASSERT_TRUE(members.has_value());
  EXPECT_EQ(value_of(*members, "a"), "12345678901234567890");
  EXPECT_EQ(value_of(*members, "b"), "1.0");
  EXPECT_EQ(value_of(*members, "c"), R"({"x":[1, {"y":"}]"}] , "z": 1E+2 })");
  EXPECT_EQ(value_of(*members, "d"), "[ ]");
  EXPECT_EQ(value_of(*members, "e"), R"("\u0041\",")");
}

TEST(JsonSlices, NamesAreUnescaped) {
  const auto members = json_members(R"({"\u0064ata":1,"a\"b":2})");
  ASSERT_TRUE(members.has_value());
  EXPECT_EQ(value_of(*members, "data"), "1");
  EXPECT_EQ(value_of(*members, "a\"b"), "2");
}

TEST(JsonSlices, Elements) {
  const auto elements = json_elements(R"([1, "a,b" ,[2,[3]],{"c":4}, null ])");
  ASSERT_TRUE(elements.has_value());
  EXPECT_EQ(*elements,
            (std::vector<std::string_view>{"1", "\"a,b\"", "[2,[3]]", "{\"c\":4}", "null"}));
  EXPECT_TRUE(json_elements(" [ ] ")->empty());
  EXPECT_TRUE(json_members("{ }")->empty());
}

TEST(JsonSlices, OtherTypes) {
  EXPECT_FALSE(json_members("[]").has_value());
  EXPECT_FALSE(json_members("1").has_value());
  EXPECT_FALSE(json_elements("{}").has_value());
  EXPECT_FALSE(json_string("1").has_value());
  EXPECT_FALSE(json_string("null").has_value());
  EXPECT_EQ(json_string(R"("\ud83d\ude00")"), "\xF0\x9F\x98\x80");
  EXPECT_EQ(json_string(R"("")"), "");
}

TEST(JsonSlices, TextThatIsNotJsonIsNeverReadBeyondItsEnd) {
  const std::string text = R"({"a":[1,{"b":"c\"d"},"\u00e9"],"e":{}})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string cut = text.substr(0, size);  // a copy, so that a sanitizer sees its end
    json_members(cut);
    json_elements(cut);
    json_string(cut);
  }
}

}  // namespace
}  // namespace tidegate::app
