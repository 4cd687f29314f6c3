// TimerTable: the earliest deadline, whichever part it belongs to.
#include "core/client/timer_table.h"

#include <gtest/gtest.h>

namespace tidegate {
namespace {

using namespace std::chrono_literals;

TEST(TimerTableTest, TheEarliestIsNextAndClearedOnesAreNot) {
  TimerTable timers;
  EXPECT_FALSE(timers.next_deadline());
  timers.set(Timer::Heartbeat, Instant{5s});
  timers.set(Timer::Outbox, Instant{3s});
  EXPECT_EQ(timers.next_deadline(), Instant{3s});
  timers.set(Timer::Outbox, std::nullopt);
  EXPECT_EQ(timers.next_deadline(), Instant{5s});
}

TEST(TimerTableTest, DueMeansAtOrAfterTheDeadline) {
  TimerTable timers;
  timers.set(Timer::Connection, Instant{5s});
  EXPECT_FALSE(timers.is_due(Timer::Connection, Instant{5s - 1us}));
  EXPECT_TRUE(timers.is_due(Timer::Connection, Instant{5s}));
  EXPECT_FALSE(timers.is_due(Timer::Outbox, Instant{5s}));
}

TEST(TimerTableTest, EarlierKnowsThatNeitherIsNothing) {
  EXPECT_EQ(earlier(std::nullopt, std::nullopt), std::nullopt);
  EXPECT_EQ(earlier(Instant{1s}, std::nullopt), Instant{1s});
  EXPECT_EQ(earlier(std::nullopt, Instant{1s}), Instant{1s});
  EXPECT_EQ(earlier(Instant{2s}, Instant{1s}), Instant{1s});
}

}  // namespace
}  // namespace tidegate
