// The parts of reading a request that need no connection. The rest is provoked in
// http_traps_test.cc.
#include "edge/net/http_intake.h"

#include <gtest/gtest.h>

namespace tidegate::net {
namespace {

TEST(ContentLength, IsDigitsAndNothingElse) {
  EXPECT_EQ(parse_content_length("0"), 0U);
  EXPECT_EQ(parse_content_length(" 1048576 "), 1048576U);
  for (const char* bad : {"", " ", "-5", "+5", "0x10", "3,50", "3, 3", "1 2", "1e3", "5;q",
                          "99999999999999999999999"}) {
    EXPECT_FALSE(parse_content_length(bad).has_value()) << bad;
  }
}

TEST(OffersProtocol, FindsOursInAListAndOnlyWhole) {
  EXPECT_TRUE(offers_protocol("tidegate.v1", "tidegate.v1"));
  EXPECT_TRUE(offers_protocol("chat, tidegate.v1 ,x", "tidegate.v1"));
  EXPECT_FALSE(offers_protocol("", "tidegate.v1"));
  EXPECT_FALSE(offers_protocol("tidegate.v1.json", "tidegate.v1"));
  EXPECT_FALSE(offers_protocol("tidegate.v", "tidegate.v1"));
}

}  // namespace
}  // namespace tidegate::net
