// Batcher: one message per turn, cut at the limit, delayed when asked.
#include "core/client/batcher.h"

#include <gtest/gtest.h>

namespace tidegate {
namespace {

using namespace std::chrono_literals;

class BatcherTest : public ::testing::Test {
 protected:
  Now now{Instant{1s}, wall_from_ms(0)};
  Bytes frame(std::size_t bytes, std::uint8_t fill) { return Bytes(bytes, fill); }
};

TEST_F(BatcherTest, FramesOfOneTurnLeaveAsOneMessage) {
  Batcher batcher(0ms);
  EXPECT_FALSE(batcher.poll(now.monotonic));
  batcher.add_encoded(now, frame(16, 1));
  batcher.add_encoded(now, frame(8, 2));
  const auto message = batcher.poll(now.monotonic);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->size(), 24U);
  EXPECT_EQ(message->back(), 2);
  EXPECT_FALSE(batcher.poll(now.monotonic));
  EXPECT_FALSE(batcher.flush_deadline());
}

TEST_F(BatcherTest, OverTheLimitTheMessageIsCutBetweenFrames) {
  Batcher batcher(0ms);
  batcher.set_message_bytes_max(100);
  for (std::uint8_t i = 0; i < 5; ++i) batcher.add_encoded(now, frame(40, i));
  EXPECT_EQ(batcher.poll(now.monotonic)->size(), 80U);
  EXPECT_EQ(batcher.poll(now.monotonic)->size(), 80U);
  const auto last = batcher.poll(now.monotonic);
  ASSERT_TRUE(last);
  EXPECT_EQ(*last, frame(40, 4));
  EXPECT_FALSE(batcher.poll(now.monotonic));
}

TEST_F(BatcherTest, AFrameLargerThanTheLimitIsAMessageByItself) {
  Batcher batcher(0ms);
  batcher.set_message_bytes_max(100);
  batcher.add_encoded(now, frame(16, 1));
  batcher.add_encoded(now, frame(500, 2));
  batcher.add_encoded(now, frame(16, 3));
  EXPECT_EQ(*batcher.poll(now.monotonic), frame(16, 1));
  EXPECT_EQ(*batcher.poll(now.monotonic), frame(500, 2));
  EXPECT_EQ(*batcher.poll(now.monotonic), frame(16, 3));
}

TEST_F(BatcherTest, ADelayIsCountedFromTheFirstFrame) {
  Batcher batcher(20ms);
  batcher.add_encoded(now, frame(8, 1));
  const Instant due = now.monotonic + 20ms;
  EXPECT_EQ(batcher.flush_deadline(), due);
  now.monotonic += 15ms;
  batcher.add_encoded(now, frame(8, 2));
  EXPECT_EQ(batcher.flush_deadline(), due);
  EXPECT_FALSE(batcher.poll(due - 1us));
  EXPECT_EQ(batcher.poll(due)->size(), 16U);
}

TEST_F(BatcherTest, FlushEndsTheDelayForWhatIsThereOnly) {
  Batcher batcher(20ms);
  batcher.flush();  // nothing there
  batcher.add_encoded(now, frame(8, 1));
  EXPECT_FALSE(batcher.poll(now.monotonic));
  batcher.flush();
  EXPECT_TRUE(batcher.poll(now.monotonic));
  batcher.add_encoded(now, frame(8, 2));
  EXPECT_FALSE(batcher.poll(now.monotonic));
}

TEST_F(BatcherTest, ClearForgetsEverything) {
  Batcher batcher(0ms);
  batcher.set_message_bytes_max(10);
  batcher.add_encoded(now, frame(8, 1));
  batcher.add_encoded(now, frame(8, 2));
  batcher.clear();
  EXPECT_FALSE(batcher.poll(now.monotonic));
  batcher.add_encoded(now, frame(8, 3));
  EXPECT_EQ(*batcher.poll(now.monotonic), frame(8, 3));
}

}  // namespace
}  // namespace tidegate
