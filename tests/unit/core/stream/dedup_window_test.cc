// A bounded memory of ids: first sight admits, the oldest are forgotten first.
#include "core/stream/dedup_window.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidegate {
namespace {

TEST(DedupWindow, AdmitsAnIdOnce) {
  DedupWindow window(4, 1);
  EXPECT_TRUE(window.admit("a"));
  EXPECT_FALSE(window.admit("a"));
  EXPECT_TRUE(window.admit("b"));
  EXPECT_TRUE(window.admit(""));
  EXPECT_FALSE(window.admit(""));
  EXPECT_EQ(window.size(), 3u);
}

TEST(DedupWindow, ForgetsTheOldestAndNothingElse) {
  DedupWindow window(3, 1);
  for (const char* id : {"a", "b", "c", "d"}) EXPECT_TRUE(window.admit(id));
  EXPECT_EQ(window.size(), 3u);
  for (const char* id : {"b", "c", "d"}) EXPECT_FALSE(window.admit(id)) << id;
  EXPECT_TRUE(window.admit("a"));
  EXPECT_TRUE(window.admit("b"));  // forgotten for "a"
}

TEST(DedupWindow, ARefusedIdIsNotRefreshed) {
  DedupWindow window(2, 1);
  window.admit("a");
  window.admit("b");
  EXPECT_FALSE(window.admit("a"));
  EXPECT_TRUE(window.admit("c"));  // forgets "a", which was admitted first
  EXPECT_TRUE(window.admit("a"));
}

TEST(DedupWindow, KeepsItsBoundOverALongLife) {
  DedupWindow window(100, 7);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(window.admit("id-" + std::to_string(i)));
    ASSERT_FALSE(window.admit("id-" + std::to_string(std::max(i - 99, 0))));
  }
  EXPECT_EQ(window.size(), 100u);
}

TEST(DedupWindow, ClearForgetsEverything) {
  DedupWindow window(3, 1);
  for (const char* id : {"a", "b", "c", "d"}) window.admit(id);
  window.clear();
  EXPECT_EQ(window.size(), 0u);
  for (const char* id : {"b", "c", "d", "e"}) EXPECT_TRUE(window.admit(id)) << id;
  EXPECT_FALSE(window.admit("e"));
}

TEST(DedupWindow, HasRoomForAtLeastOne) {
  DedupWindow window(0, 1);
  EXPECT_EQ(window.capacity(), 1u);
  EXPECT_TRUE(window.admit("a"));
  EXPECT_FALSE(window.admit("a"));
  EXPECT_TRUE(window.admit("b"));
  EXPECT_TRUE(window.admit("a"));
}

}  // namespace
}  // namespace tidegate
