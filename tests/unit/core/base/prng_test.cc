// The generator gives the published sequences, and its derived draws stay within their bounds.
#include "core/base/prng.h"

#include <gtest/gtest.h>

#include <array>

#include "core/base/hash.h"

namespace tidegate {
namespace {

// From the reference splitmix64.c (https://prng.di.unimi.it) with seed 1234567.
TEST(SplitMix64, GivesThePublishedSequence) {
  std::uint64_t state = 1234567;
  EXPECT_EQ(split_mix64(state), 6457827717110365317u);
  EXPECT_EQ(split_mix64(state), 3203168211198807973u);
  EXPECT_EQ(split_mix64(state), 9817491932198370423u);
}

TEST(Prng, GivesTheSequenceOfTheReference) {
  Prng prng(42);
  const std::array<std::uint64_t, 4> expected = {0x15780B2E0C2EC716, 0x6104D9866D113A7E,
                                                 0xAE17533239E499A1, 0xECB8AD4703B360A1};
  for (const std::uint64_t value : expected) EXPECT_EQ(prng.next(), value);
}

TEST(Prng, SameSeedSameSequence) {
  Prng first(7);
  Prng second(7);
  Prng other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = first.next();
    EXPECT_EQ(value, second.next());
    differs = differs || value != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Prng, BelowReachesEveryValueAndNoOther) {
  Prng prng(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) {
    const std::uint64_t value = prng.below(7);
    ASSERT_LT(value, 7u);
    ++counts[static_cast<std::size_t>(value)];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(Prng, BelowAtTheEdges) {
  Prng prng(1);
  EXPECT_EQ(prng.below(0), 0u);
  EXPECT_EQ(prng.below(1), 0u);
  const std::uint64_t nearly_all = 0xFFFFFFFFFFFFFFFF;
  for (int i = 0; i < 100; ++i) EXPECT_LT(prng.below(nearly_all), nearly_all);
}

TEST(Prng, DurationsIncludeBothEnds) {
  Prng prng(3);
  bool saw_zero = false;
  bool saw_max = false;
  for (int i = 0; i < 200; ++i) {
    const Duration drawn = prng.duration_up_to(Duration{3});
    ASSERT_LE(drawn, Duration{3});
    ASSERT_GE(drawn, Duration::zero());
    saw_zero = saw_zero || drawn == Duration::zero();
    saw_max = saw_max || drawn == Duration{3};
  }
  EXPECT_TRUE(saw_zero && saw_max);
  EXPECT_EQ(prng.duration_up_to(Duration{-5}), Duration::zero());
}

TEST(Prng, OneInIsThatOften) {
  Prng prng(4);
  int hits = 0;
  for (int i = 0; i < 10000; ++i) hits += prng.one_in(10) ? 1 : 0;
  EXPECT_NEAR(hits, 1000, 150);
  EXPECT_FALSE(prng.one_in(0));
  EXPECT_TRUE(prng.one_in(1));
}

}  // namespace
}  // namespace tidegate
