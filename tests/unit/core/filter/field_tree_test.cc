// JSON pointers, and what one walk over a text finds.
#include "core/filter/field_tree.h"

#include <gtest/gtest.h>

namespace tidegate::filter {
namespace {

std::string picked(std::string_view pointer, std::string_view json) {
  const FieldPath path = *parse_json_pointer(pointer);
  const FieldTree tree({path, {"unrelated"}, {"a"}});
  std::vector<std::string_view> slots(tree.slots());
  tree.pick(json, slots);
  return std::string(slots[tree.slot(path)]);
}

TEST(FieldTree, PointersAreThoseOfRfc6901) {
  const std::string_view json =
      R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"i\\j":5,"k\"l":6," ":7,"m~n":8})";
  EXPECT_EQ(picked("", json), json);
  EXPECT_EQ(picked("/foo", json), R"(["bar","baz"])");
  EXPECT_EQ(picked("/foo/0", json), R"("bar")");
  EXPECT_EQ(picked("/", json), "0");
  EXPECT_EQ(picked("/a~1b", json), "1");
  EXPECT_EQ(picked("/c%d", json), "2");
  EXPECT_EQ(picked("/i\\j", json), "5");
  EXPECT_EQ(picked("/k\"l", json), "6");
  EXPECT_EQ(picked("/ ", json), "7");
  EXPECT_EQ(picked("/m~0n", json), "8");
  EXPECT_EQ(*parse_json_pointer("/~01"), FieldPath{"~1"});
  EXPECT_FALSE(parse_json_pointer("/a~").ok());
  EXPECT_FALSE(parse_json_pointer("/a~2").ok());
  for (const char* pointer : {"", "/", "/a~1b/~0", "/x/y/z", "//"}) {
    EXPECT_EQ(json_pointer_text(*parse_json_pointer(pointer)), pointer);
  }
}

TEST(FieldTree, FindsNestedPlaces) {
  EXPECT_EQ(picked("/a/b/c", R"( { "x" : {"b":1}, "a" : { "b" : { "c" : 3 } } } )"), "3");
  EXPECT_EQ(picked("/a/b", R"({"a":7})"), "");
  EXPECT_EQ(picked("/a/b", R"({"b":7})"), "");
  EXPECT_EQ(picked("/a/b", ""), "");
  EXPECT_EQ(picked("/a/b", "12"), "");
  EXPECT_EQ(picked("/a/1/b", R"({"a":[0,{"b":[]}]})"), "[]");
  EXPECT_EQ(picked("/a/2", R"({"a":[0,1]})"), "");
  EXPECT_EQ(picked("/a/01", R"({"a":[0,1]})"), "");
  EXPECT_EQ(picked("/a/-", R"({"a":[0,1]})"), "");
  EXPECT_EQ(picked("/a/01", R"({"a":{"01":5}})"), "5");
}

TEST(FieldTree, TheLastMemberOfANameCounts) {
  EXPECT_EQ(picked("/a", R"({"a":1,"a":2})"), "2");
  EXPECT_EQ(picked("/a/b", R"({"a":{"b":1},"a":{"c":2}})"), "");
  EXPECT_EQ(picked("/a/b", R"({"a":{"b":1,"b":3}})"), "3");
  EXPECT_EQ(picked("/a", R"({"a":1,"\u0061":2})"), "2");
}

TEST(FieldTree, EachPlaceAndThoseAboveItHaveASlot) {
  const FieldTree tree({{"a", "b", "c"}, {"a", "b", "d"}, {"e"}});
  EXPECT_EQ(tree.slots(), 6u);
  EXPECT_TRUE(tree.has_top_level("a"));
  EXPECT_TRUE(tree.has_top_level("e"));
  EXPECT_FALSE(tree.has_top_level("b"));
  EXPECT_EQ(FieldTree().slots(), 1u);
}

}  // namespace
}  // namespace tidegate::filter
