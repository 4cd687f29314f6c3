// Signal channels: of the moment, for those who are there and keep pace, and for nobody later.
#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

class SignalTest : public testing::Test {
 protected:
  RelayWorld world{2};  // signals grow too old after signal_ttl_default: 5 s
};

TEST_F(SignalTest, ASignalReachesWhoIsThereAndNobodyLater) {
  TestClient& here = world.connect();
  here.subscribe("signal:a");
  EXPECT_EQ(here.last<SubscribedFrame>().kind, ChannelKind::Signal);
  ASSERT_TRUE(world.answer(world.publish("signal:a", draft("1"))).ok());
  world.publish("signal:a", draft("2"));
  EXPECT_EQ(here.read(), "1 2");
  TestClient& late = world.connect(1, "late");
  late.subscribe("signal:a", {}, kHistoryAll);
  EXPECT_EQ(late.read(), "");
  world.publish("signal:a", draft("3"));
  EXPECT_EQ(late.read(), "3");
}

TEST_F(SignalTest, ASlowReaderOfSignalsMissesSomeAndGoesOn) {
  TestClient& slow = world.connect();
  slow.subscribe("signal:a");
  slow.stalled = true;
  for (int i = 0; i < 50; ++i) {
    world.publish("signal:a", draft(std::to_string(i)));
    world.advance(200ms);
  }
  world.writable(slow);
  world.publish("signal:a", draft("50"));
  EXPECT_EQ(slow.all<SubscribedFrame>().size(), 1U) << "no reset";
  const std::string read = slow.read();
  EXPECT_EQ(read.substr(0, 1), "0");
  EXPECT_EQ(read.substr(read.size() - 2), "50");
  EXPECT_EQ(read.find(" 10 "), std::string::npos);
}

TEST_F(SignalTest, APacedReaderIsSentNoSignalThatIsTooOldByThen) {
  TestClient& paced = world.connect();
  paced.subscribe_paced("signal:a", 10s);
  for (int second = 0; second < 25; ++second) {
    world.publish("signal:a", draft(std::to_string(second)));
    world.advance(1s);
  }
  EXPECT_EQ(paced.read(), "6 7 8 9 16 17 18 19");
  EXPECT_EQ(paced.all<SubscribedFrame>().size(), 1U) << "no reset";
}

TEST_F(SignalTest, ASignalThatWasSentToOthersInTimeIsNotSentToAnybodyTooLate) {
  TestClient& soon = world.connect();
  TestClient& late = world.connect();
  soon.subscribe_paced("signal:a", 500ms);
  late.subscribe_paced("signal:a", 10s);
  world.publish("signal:a", draft("1"));
  world.advance(20s);
  EXPECT_EQ(soon.read(), "1");
  EXPECT_EQ(late.read(), "");
  EXPECT_EQ(late.last<HeardBlock>().range.offset, Offset{1}) << "it is told that there was one";
}

TEST_F(SignalTest, ASignalThatComesTooLateFromItsOwnersShardIsNotSent) {
  const std::uint16_t owner = world.owner("signal:a");
  TestClient& far = world.connect(static_cast<std::uint16_t>(1 - owner));
  far.subscribe("signal:a");
  world.publish("signal:a", draft("1"), owner);
  world.hold_mail = true;
  world.publish("signal:a", draft("2"), owner);
  world.advance(6s);
  world.publish("signal:a", draft("3"), owner);
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(far.read(), "1 3");
}

}  // namespace
}  // namespace tidegate::relay
