// The rate of the library's log lines.
#include "edge/net/lws_log.h"

#include <gtest/gtest.h>

namespace tidegate::net {
namespace {

using namespace std::chrono_literals;

TEST(LineRate, HoldsBackWhatIsOverTheRateAndSaysHowMuch) {
  LineRate rate(2);
  std::uint64_t suppressed = 0;
  const Instant begin{100s};
  EXPECT_TRUE(rate.admit(begin, suppressed));
  EXPECT_TRUE(rate.admit(begin + 1ms, suppressed));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(rate.admit(begin + 2ms, suppressed));
  }
  EXPECT_EQ(suppressed, 0U);
  EXPECT_TRUE(rate.admit(begin + 1s, suppressed));
  EXPECT_EQ(suppressed, 5U);
  EXPECT_TRUE(rate.admit(begin + 1s, suppressed));
  EXPECT_EQ(suppressed, 0U) << "reported once";
}

}  // namespace
}  // namespace tidegate::net
