// Suggestions: near ones, and none when nothing is near.
#include "edge/app/did_you_mean.h"

#include <gtest/gtest.h>

namespace tidegate::app {
namespace {

TEST(DidYouMean, Distance) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("port", "prot"), 1U);  // a swap is one slip
  EXPECT_EQ(edit_distance("port", "ports"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(DidYouMean, SuggestsTheNearest) {
  const std::vector<std::string> names = {"heartbeat_interval", "heartbeat_timeout", "port"};
  EXPECT_EQ(did_you_mean("hearbeat_timeout", names), "heartbeat_timeout");
  EXPECT_EQ(did_you_mean("heartbeat_intervall", names), "heartbeat_interval");
  EXPECT_EQ(did_you_mean("prot", names), "port");
}

TEST(DidYouMean, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(did_you_mean("tls", {"host", "port"}), "");
  EXPECT_EQ(did_you_mean("x", {}), "");
  EXPECT_EQ(did_you_mean(std::string(100'000, 'x'), {std::string(100'000, 'x')}), "");
}

}  // namespace
}  // namespace tidegate::app
