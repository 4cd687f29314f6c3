// What passes between the parts of a session: life and its absence, and relays that break the
// protocol.
#include "core/client/session_parts.h"

#include <gtest/gtest.h>

#include "tests/unit/core/client/client_shell.h"

namespace tidegate::testing {
namespace {

// ---- heartbeat

TEST(SessionPartsTest, SilenceBeyondIntervalAndTimeoutIsLoss) {
  ClientShell shell;
  shell.go_live();
  shell.advance(45s - 1us);
  EXPECT_EQ(shell.session.state(), ClientState::Live);
  shell.advance(1us);
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  EXPECT_EQ(shell.latest_state()->code, 4001);
}

TEST(SessionPartsTest, AnyByteIsLife) {
  ClientShell shell;
  shell.go_live();
  for (int i = 0; i < 10; ++i) {
    shell.advance(40s);
    shell.receive(RelayMessage().block(99, 0, 0, {}));
  }
  EXPECT_EQ(shell.session.state(), ClientState::Live);
}

TEST(SessionPartsTest, RelayPingsAreAnsweredAndTheRoundTripIsMeasuredOnce) {
  ClientShell shell;
  shell.go_live();
  shell.forget();
  shell.receive(RelayMessage().add(PingFrame{77}));
  ASSERT_EQ(shell.frames<PongFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<PongFrame>()[0].nonce, 77U);
  EXPECT_EQ(shell.frames<PingFrame>().size(), 1U);
  EXPECT_EQ(shell.sent.size(), 1U);
  shell.receive(RelayMessage().add(PingFrame{78}));
  EXPECT_EQ(shell.frames<PongFrame>().size(), 2U);
  EXPECT_EQ(shell.frames<PingFrame>().size(), 1U);
}

TEST(SessionPartsTest, WhoOnlyListensSaysThatItIsThereWithoutBeingAsked) {
  ClientShell shell;
  shell.go_live();
  shell.forget();
  for (int second = 0; second < 60; ++second) {  // a link so slow that no ping comes through
    shell.advance(1s);
    shell.receive(RelayMessage().block(99, 0, 0, {}));
  }
  EXPECT_EQ(shell.frames<PongFrame>().size(), 4U) << "after 13, 26, 39 and 52 s";
}

TEST(SessionPartsTest, WhoSaysSomethingAnywayOwesNoSign) {
  ClientShell shell;
  shell.go_live();
  shell.forget();
  for (int i = 0; i < 6; ++i) {
    shell.advance(10s);
    ASSERT_TRUE(shell.publish("news").ok());
    shell.receive(RelayMessage().block(99, 0, 0, {}));
  }
  EXPECT_TRUE(shell.frames<PongFrame>().empty());
}

TEST(SessionPartsTest, ATimerThatFiresMuchTooLateProbesBeforeItDeclaresLoss) {
  ClientShell shell;
  shell.go_live();
  shell.forget();
  shell.sleep(2h);
  shell.call([&] { shell.session.handle_timeout(shell.now); });
  EXPECT_EQ(shell.session.state(), ClientState::Live);
  ASSERT_EQ(shell.frames<PingFrame>().size(), 1U);
  shell.advance(limits::probe_timeout);
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
}

TEST(SessionPartsTest, WithoutAnIntervalSilenceMeansNothing) {
  ClientShell shell;
  shell.connect();
  shell.open();
  shell.receive(RelayMessage().welcome(0, 0));
  shell.advance(24h);
  EXPECT_EQ(shell.session.state(), ClientState::Live);
}

// ---- bad relays

TEST(SessionPartsTest, MalformedMessagesCloseWithTheirCodeAndAreNotATightLoop) {
  ClientShell shell;
  shell.connect();
  std::uint32_t attempts = 0;
  for (const Instant end = shell.now.monotonic + 10min; shell.now.monotonic < end;) {
    shell.advance(100ms);
    if (!shell.effects_of<OpenConnection>().empty()) {
      ++attempts;
      shell.forget();
      shell.open();
      shell.receive(RelayMessage().welcome());
      shell.receive_on(shell.connection, Bytes{1, 2, 3});
      ASSERT_EQ(shell.effects_of<CloseConnection>().size(), 1U);
      EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 4500);
      EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
    }
  }
  EXPECT_LT(attempts, 70U);
}

TEST(SessionPartsTest, AMessageOverTheLimitIsRefused) {
  ClientShell shell;
  shell.go_live();
  shell.receive_on(shell.connection, Bytes(limits::relay_message_bytes_max + 1));
  EXPECT_EQ(shell.latest_state()->code, 4500);
}

TEST(SessionPartsTest, FramesOutOfTurnAreRefused) {
  {
    ClientShell shell;  // before the welcome
    shell.connect();
    shell.open();
    shell.receive(RelayMessage().block(1, 0, 1, {1}));
    EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 4505);
  }
  {
    ClientShell shell;  // a second welcome
    shell.go_live();
    shell.receive(RelayMessage().welcome());
    EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 4505);
  }
  {
    ClientShell shell;  // a client's frame
    shell.go_live();
    shell.receive(RelayMessage().add(UnsubscribeFrame{RequestId{1}, StreamId{1}}));
    EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 4505);
  }
}

TEST(SessionPartsTest, AnotherProtocolVersionStops) {
  ClientShell shell;
  shell.connect();
  shell.open();
  WelcomeFrame welcome;
  welcome.version = wire::kProtocolVersion + 1;
  shell.receive(RelayMessage().add(welcome));
  EXPECT_EQ(shell.session.state(), ClientState::Failed);
  EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 4501);
}

TEST(SessionPartsTest, WhatStandsBeforeABadFrameCounts) {
  ClientShell shell;
  shell.go_live();
  shell.subscribe("a");
  shell.answer_live("a", 5, at("e", 0));
  Bytes bytes = RelayMessage().block(5, 0, 1, {1}).bytes();
  bytes.push_back(9);
  shell.receive_on(shell.connection, bytes);
  EXPECT_EQ(shell.offsets(), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
}

}  // namespace
}  // namespace tidegate::testing
