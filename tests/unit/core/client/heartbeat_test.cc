// Heartbeat: silence, lateness, probes.
#include "core/client/heartbeat.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate {
namespace {

using namespace std::chrono_literals;
using Verdict = Heartbeat::Verdict;

class HeartbeatTest : public ::testing::Test {
 protected:
  HeartbeatTest() { heartbeat.start(now, 25s, 20s); }
  void pass(Duration by) { now.monotonic += by; }
  Now now{Instant{1h}, wall_from_ms(0)};
  Heartbeat heartbeat;
};

TEST_F(HeartbeatTest, TheDeadlineIsIntervalPlusTimeoutAfterTheLastByte) {
  EXPECT_EQ(heartbeat.deadline(), now.monotonic + 45s);
  pass(30s);
  heartbeat.handle_bytes(now);
  EXPECT_EQ(heartbeat.deadline(), now.monotonic + 45s);
}

TEST_F(HeartbeatTest, OnTimeIsLossLateIsAProbe) {
  pass(44s);
  EXPECT_EQ(heartbeat.handle_deadline(now), Verdict::Alive);
  pass(1s);
  EXPECT_EQ(heartbeat.handle_deadline(now), Verdict::Lost);
  pass(limits::timer_lateness_max);
  EXPECT_EQ(heartbeat.handle_deadline(now), Verdict::Lost);
  pass(1us);
  EXPECT_EQ(heartbeat.handle_deadline(now), Verdict::Probe);
  pass(45s);  // more than twice as late as armed
  EXPECT_EQ(heartbeat.handle_deadline(now), Verdict::Probe);
}

TEST_F(HeartbeatTest, AProbeThatIsNotAnsweredIsLossHoweverLate) {
  ASSERT_TRUE(heartbeat.start_probe(now));
  EXPECT_FALSE(heartbeat.start_probe(now)) << "one at a time";
  EXPECT_EQ(heartbeat.deadline(), now.monotonic + limits::probe_timeout);
  pass(1h);
  EXPECT_EQ(heartbeat.handle_deadline(now), Verdict::Lost);
}

TEST_F(HeartbeatTest, AnyByteAnswersAProbe) {
  ASSERT_TRUE(heartbeat.start_probe(now));
  heartbeat.handle_bytes(now);
  EXPECT_EQ(heartbeat.deadline(), now.monotonic + 45s);
}

TEST_F(HeartbeatTest, TheRoundTripIsThatOfTheLatestPing) {
  EXPECT_TRUE(heartbeat.wants_measurement());
  const std::uint32_t first = heartbeat.start_measurement(now);
  EXPECT_FALSE(heartbeat.wants_measurement());
  pass(1s);
  const std::uint32_t second = heartbeat.start_measurement(now);
  pass(70ms);
  EXPECT_FALSE(heartbeat.handle_pong(now, first));
  EXPECT_EQ(heartbeat.handle_pong(now, second), Duration(70ms));
  EXPECT_FALSE(heartbeat.handle_pong(now, second)) << "once";
}

TEST_F(HeartbeatTest, ASignIsOwedWhenNothingWasSaidForHalfOfTheInterval) {
  pass(12s);
  heartbeat.handle_sent(now);
  pass(12s);
  EXPECT_FALSE(heartbeat.owes_sign(now));
  pass(500ms);
  EXPECT_TRUE(heartbeat.owes_sign(now));
  heartbeat.handle_sent(now);
  EXPECT_FALSE(heartbeat.owes_sign(now));
}

TEST_F(HeartbeatTest, NoSignIsOwedToNobodyNorToARelayThatPromisesNothing) {
  pass(1h);
  heartbeat.stop();
  EXPECT_FALSE(heartbeat.owes_sign(now));
  heartbeat.start(now, 0s, 0s);
  pass(1h);
  EXPECT_FALSE(heartbeat.owes_sign(now));
}

TEST_F(HeartbeatTest, StoppedMeansNoDeadlineAndNoProbe) {
  heartbeat.stop();
  heartbeat.handle_bytes(now);
  EXPECT_FALSE(heartbeat.deadline());
  EXPECT_FALSE(heartbeat.start_probe(now));
  pass(1h);
  EXPECT_EQ(heartbeat.handle_deadline(now), Verdict::Alive);
}

TEST_F(HeartbeatTest, WithoutAnIntervalOnlyProbesHaveADeadline) {
  heartbeat.start(now, 0s, 20s);
  EXPECT_FALSE(heartbeat.deadline());
  EXPECT_TRUE(heartbeat.start_probe(now));
  EXPECT_TRUE(heartbeat.deadline());
}

}  // namespace
}  // namespace tidegate
