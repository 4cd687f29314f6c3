// How long the clients of a relay that ends are given to come back.
#include "edge/net/drain_window.h"

#include <gtest/gtest.h>

namespace tidegate::net {
namespace {

using namespace std::chrono_literals;

TEST(DrainWindow, GrowsWithTheConnectionsUpToItsCeiling) {
  EXPECT_EQ(drain_window(0, 60s), 0s);
  EXPECT_EQ(drain_window(3, 60s), 3ms);
  EXPECT_EQ(drain_window(10'000, 60s), 10s);
  EXPECT_EQ(drain_window(60'000, 60s), 60s);
  EXPECT_EQ(drain_window(1'000'000, 60s), 60s);
  EXPECT_EQ(drain_window(10'000, 0s), 0s) << "an operator who wants none";
}

}  // namespace
}  // namespace tidegate::net
