// TokenSlot: when a token may be used once more.
#include "core/client/token_slot.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate {
namespace {

using namespace std::chrono_literals;

class TokenSlotTest : public ::testing::Test {
 protected:
  Now now{Instant{1h}, wall_from_ms(1'000'000)};
  TokenSlot slot;
};

TEST_F(TokenSlotTest, NoneIsNotUsableAndIsSentEmpty) {
  EXPECT_FALSE(slot.is_usable(now));
  EXPECT_EQ(slot.use(), "");
  slot.handle_lifetime(now, 1'000);
  EXPECT_FALSE(slot.is_usable(now));
}

TEST_F(TokenSlotTest, ATokenIsUsableUntilItsLifetimeIsOver) {
  ASSERT_TRUE(slot.offer("t"));
  EXPECT_EQ(slot.use(), "t");
  slot.handle_lifetime(now, 5'000);
  now.wall += 4'999ms;
  EXPECT_TRUE(slot.is_usable(now));
  now.wall += 1ms;
  EXPECT_FALSE(slot.is_usable(now));
}

TEST_F(TokenSlotTest, LifetimeZeroAndImmenseOnesMeanNever) {
  for (const std::uint64_t lifetime : {std::uint64_t{0}, UINT64_MAX}) {
    ASSERT_TRUE(slot.offer("t"));
    slot.use();
    slot.handle_lifetime(now, lifetime);
    now.wall += 24h;
    EXPECT_TRUE(slot.is_usable(now));
  }
}

TEST_F(TokenSlotTest, RejectionMeansTheTokenThatWasSent) {
  ASSERT_TRUE(slot.offer("a"));
  slot.use();
  ASSERT_TRUE(slot.offer("b"));
  slot.reject();
  EXPECT_TRUE(slot.is_usable(now));
  EXPECT_TRUE(slot.is_unused());
  slot.use();
  slot.reject();
  EXPECT_FALSE(slot.is_usable(now));
}

TEST_F(TokenSlotTest, TheLifetimeOfAnOlderTokenIsNotTheNewOnes) {
  ASSERT_TRUE(slot.offer("a"));
  slot.use();
  ASSERT_TRUE(slot.offer("b"));
  slot.handle_lifetime(now, 1);
  now.wall += 1h;
  EXPECT_TRUE(slot.is_usable(now));
}

TEST_F(TokenSlotTest, OverTheLimitNothingIsKept) {
  EXPECT_TRUE(slot.offer(std::string(limits::token_bytes_max, 'x')));
  EXPECT_FALSE(slot.offer(std::string(limits::token_bytes_max + 1, 'y')));
  EXPECT_EQ(slot.use()[0], 'x');
}

}  // namespace
}  // namespace tidegate
