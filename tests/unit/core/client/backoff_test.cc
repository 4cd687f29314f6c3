// Backoff: full jitter, bounded, and the whole range of it is used.
#include "core/client/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidegate {
namespace {

using namespace std::chrono_literals;

TEST(BackoffTest, EachDelayIsWithinItsCeilingAndCeilingsDouble) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Prng prng(seed);
    Backoff backoff(100ms, 1s);
    for (const Duration ceiling : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
      EXPECT_LE(backoff.next_delay(prng), ceiling) << "seed " << seed;
    }
  }
}

TEST(BackoffTest, FullJitterUsesTheWholeRangeFromZero) {
  Prng prng(7);
  Duration smallest = 1h;
  Duration largest = 0ms;
  for (int i = 0; i < 1000; ++i) {
    const Duration delay = backoff_delay(prng, 500ms, 30s, 3);
    smallest = std::min(smallest, delay);
    largest = std::max(largest, delay);
  }
  EXPECT_LT(smallest, 100ms);
  EXPECT_GT(largest, 3900ms);
  EXPECT_LE(largest, 4000ms);
}

TEST(BackoffTest, ResetBeginsAnew) {
  Prng prng(1);
  Backoff backoff(100ms, 1h);
  for (int i = 0; i < 10; ++i) {
    (void)backoff.next_delay(prng);
  }
  EXPECT_EQ(backoff.attempt(), 10U);
  backoff.reset();
  EXPECT_EQ(backoff.attempt(), 0U);
  EXPECT_LE(backoff.next_delay(prng), 100ms);
}

TEST(BackoffTest, ExtremeSettingsStayWithinTheCap) {
  Prng prng(1);
  EXPECT_EQ(backoff_delay(prng, 0ms, 1s, 4'000'000'000), 0ms);
  EXPECT_EQ(backoff_delay(prng, 1s, 0ms, 5), 0ms);
  EXPECT_EQ(backoff_delay(prng, -1s, -1s, 5), 0ms);
  EXPECT_LE(backoff_delay(prng, 1h, 1s, 0), 1s);
  EXPECT_LE(backoff_delay(prng, 1us, Duration::max(), 4'000'000'000), Duration::max());
}

TEST(BackoffTest, TheSameSeedGivesTheSameDelays) {
  Prng a(42);
  Prng b(42);
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(backoff_delay(a, 500ms, 30s, i), backoff_delay(b, 500ms, 30s, i));
  }
}

}  // namespace
}  // namespace tidegate
