// Getting and keeping a connection: attempts, tokens, backoff, network and sleep.
#include "core/client/connector.h"

#include <gtest/gtest.h>

#include "tests/unit/core/client/client_shell.h"

namespace tidegate::testing {
namespace {

DisconnectFrame disconnect_frame(DisconnectCode code, std::uint32_t retry_after_ms = 0) {
  return DisconnectFrame{static_cast<std::uint16_t>(code), retry_after_ms, "scripted"};
}

TEST(ConnectorTest, ConnectOpensGreetsAndIsLiveWithTheWelcome) {
  ClientShell shell;
  shell.call([&] { shell.session.set_token(shell.now, "secret"); });
  shell.connect();
  ASSERT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
  EXPECT_EQ(shell.session.state(), ClientState::Connecting);
  EXPECT_TRUE(shell.sent.empty());

  shell.open();
  ASSERT_EQ(shell.sent.size(), 1U);
  const auto hello = shell.frames<HelloFrame>();
  ASSERT_EQ(hello.size(), 1U);
  EXPECT_EQ(hello[0].token, "secret");
  EXPECT_EQ(hello[0].session_id, "session-1");
  EXPECT_EQ(shell.session.state(), ClientState::Connecting);

  shell.receive(RelayMessage().welcome());
  EXPECT_EQ(shell.session.state(), ClientState::Live);
  ASSERT_EQ(shell.events_of<StateChanged>().size(), 2U);
  EXPECT_EQ(shell.session.stats().connections_opened, 1U);
}

TEST(ConnectorTest, ConnectTwiceOpensOneSocket) {
  ClientShell shell;
  shell.connect();
  shell.connect();
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
}

TEST(ConnectorTest, ASocketThatDoesNotOpenIsClosedAndTriedAgain) {
  ClientShell shell;
  shell.connect();
  const ConnectionId first = shell.connection;
  shell.advance(10s);
  ASSERT_EQ(shell.effects_of<CloseConnection>().size(), 1U);
  EXPECT_EQ(shell.effects_of<CloseConnection>()[0].connection, first);
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  shell.advance(1s);
  EXPECT_NE(shell.connection, first);
}

TEST(ConnectorTest, ARelayThatAcceptsAndSaysNothingIsAsGoodAsNone) {
  ClientShell shell;
  shell.connect();
  shell.open();
  shell.advance(10s);
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  EXPECT_EQ(shell.effects_of<CloseConnection>().size(), 1U);
}

TEST(ConnectorTest, LateWordsOfAnOldSocketAreIgnored) {
  ClientShell shell;
  shell.go_live();
  const ConnectionId old = shell.connection;
  shell.reconnect();
  shell.forget();
  shell.call([&] { shell.session.handle_close(shell.now, old, 4500, "late"); });
  shell.receive_on(old, RelayMessage().add(disconnect_frame(DisconnectCode::Forbidden)).bytes());
  shell.call([&] { shell.session.handle_open(shell.now, old); });
  EXPECT_EQ(shell.session.state(), ClientState::Live);
  EXPECT_TRUE(shell.events.empty());
  EXPECT_TRUE(shell.effects.empty());
  EXPECT_TRUE(shell.sent.empty());
}

TEST(ConnectorTest, ConnectionNoneIsNeverCurrent) {
  ClientShell shell;
  shell.call([&] { shell.session.handle_close(shell.now, ConnectionId::None, 4500, ""); });
  shell.receive_on(ConnectionId::None, RelayMessage().welcome().bytes());
  EXPECT_EQ(shell.session.state(), ClientState::Disconnected);
  EXPECT_TRUE(shell.events.empty());
}

TEST(ConnectorTest, ARelayThatAcceptsAndKillsIsNotHammered) {
  ClientShell shell;
  shell.connect();
  std::uint32_t attempts = 0;
  for (const Instant end = shell.now.monotonic + 10min; shell.now.monotonic < end;) {
    shell.advance(10ms);
    if (!shell.effects_of<OpenConnection>().empty()) {
      ++attempts;
      shell.forget();
      shell.open();
      shell.receive(RelayMessage().welcome());
      shell.advance(1s);
      shell.close(1011);
    }
  }
  // With a cap of 30 s the mean delay is 15 s; a backoff reset by each welcome would make ~480.
  EXPECT_LT(attempts, 70U);
  EXPECT_GT(attempts, 15U);
}

TEST(ConnectorTest, BackoffBeginsAnewAfterBeingLiveForAWhile) {
  ClientShell shell;
  shell.go_live();
  for (int i = 0; i < 6; ++i) {
    shell.reconnect();
  }
  shell.close();
  EXPECT_EQ(shell.latest_state()->attempt, 7U);
  shell.advance(1min);
  shell.open();
  shell.receive(RelayMessage().welcome(0, 0));
  shell.advance(limits::live_stable_after);
  shell.close();
  EXPECT_EQ(shell.latest_state()->attempt, 1U);
  EXPECT_LE(shell.latest_state()->retry_in_ms, 500U);
}

TEST(ConnectorTest, RetryAfterOfTheRelayIsObeyedExactly) {
  ClientShell shell;
  shell.go_live();
  shell.receive(RelayMessage().add(disconnect_frame(DisconnectCode::Restarting, 7'250)));
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  EXPECT_EQ(shell.latest_state()->code, 4000);
  EXPECT_EQ(shell.latest_state()->retry_in_ms, 7'250U);
  EXPECT_EQ(shell.effects_of<CloseConnection>().size(), 1U);
  shell.forget();
  // Neither the network's return nor a wake-up takes another connection's slot.
  shell.call([&] { shell.session.handle_network(shell.now, true); });
  shell.call([&] { shell.session.handle_resume(shell.now); });
  shell.advance(7'249ms);
  EXPECT_TRUE(shell.effects_of<OpenConnection>().empty());
  shell.advance(1ms);
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
}

TEST(ConnectorTest, NothingIsReadBehindADisconnectFrame) {
  ClientShell shell;
  shell.go_live();
  shell.receive(RelayMessage()
                    .add(disconnect_frame(DisconnectCode::Restarting, 1'000))
                    .add(disconnect_frame(DisconnectCode::Forbidden)));
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
}

TEST(ConnectorTest, TheCodeDecidesBetweenRetryAndStop) {
  for (const std::uint16_t code : {std::uint16_t{4503}, std::uint16_t{4999}, std::uint16_t{1008}}) {
    ClientShell shell;
    shell.go_live();
    shell.close(code, "no");
    EXPECT_EQ(shell.session.state(), ClientState::Failed) << code;
    EXPECT_FALSE(shell.session.poll_timeout()) << code;
    shell.forget();
    shell.connect();  // starts anew
    EXPECT_EQ(shell.session.state(), ClientState::Connecting) << code;
  }
  for (const std::uint16_t code : {std::uint16_t{1006}, std::uint16_t{1000}, std::uint16_t{4077}}) {
    ClientShell shell;
    shell.go_live();
    shell.close(code);
    EXPECT_EQ(shell.session.state(), ClientState::Reconnecting) << code;
  }
}

TEST(ConnectorTest, GivesUpAfterReconnectAttemptsMax) {
  ClientOptions options = ClientShell::default_options();
  options.reconnect_attempts_max = 3;
  ClientShell shell(options);
  shell.connect();
  for (int i = 0; i < 10 && shell.session.state() != ClientState::Failed; ++i) {
    shell.close();
    shell.advance(1min);
  }
  EXPECT_EQ(shell.session.state(), ClientState::Failed);
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 4U);  // the first, and three more
}

TEST(ConnectorTest, DisconnectClosesAndStaysThere) {
  ClientShell shell;
  shell.go_live();
  const SubscriptionId id = shell.subscribe("a");
  shell.forget();
  shell.call([&] { shell.session.disconnect(shell.now); });
  ASSERT_EQ(shell.effects_of<CloseConnection>().size(), 1U);
  EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 1000);
  EXPECT_EQ(shell.session.state(), ClientState::Disconnected);
  EXPECT_FALSE(shell.session.poll_timeout());
  shell.close();
  EXPECT_EQ(shell.session.state(), ClientState::Disconnected);
  shell.go_live();  // what was wanted is still wanted
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.session.subscription_count(), 1U);
  (void)id;
}

// ---- tokens

ClientOptions fetching() {
  ClientOptions options = ClientShell::default_options();
  options.fetch_token = true;
  return options;
}

TEST(ConnectorTest, ATokenIsFetchedBeforeTheFirstSocket) {
  ClientShell shell(fetching());
  shell.connect();
  EXPECT_EQ(shell.effects_of<FetchToken>().size(), 1U);
  EXPECT_TRUE(shell.effects_of<OpenConnection>().empty());
  shell.call([&] { shell.session.handle_token(shell.now, shell.fetch, "t1"); });
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
  shell.open();
  EXPECT_EQ(shell.frames<HelloFrame>()[0].token, "t1");
}

TEST(ConnectorTest, AGoodTokenIsUsedAgainAfterANetworkFault) {
  ClientShell shell(fetching());
  shell.connect();
  shell.call([&] { shell.session.handle_token(shell.now, shell.fetch, "t1"); });
  shell.open();
  shell.receive(RelayMessage().welcome());
  shell.forget();
  shell.close();
  shell.advance(1s);
  EXPECT_TRUE(shell.effects_of<FetchToken>().empty());
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
}

TEST(ConnectorTest, ATokenKnownToHaveExpiredIsFetchedAnew) {
  ClientShell shell(fetching());
  shell.connect();
  shell.call([&] { shell.session.handle_token(shell.now, shell.fetch, "t1"); });
  shell.open();
  WelcomeFrame welcome;
  welcome.token_expires_in_ms = 60'000;
  shell.receive(RelayMessage().add(welcome));
  shell.advance(40s);
  shell.receive(RelayMessage().add(PingFrame{1}));
  shell.forget();
  shell.advance(20s);
  shell.close();
  shell.advance(500ms);
  EXPECT_EQ(shell.effects_of<FetchToken>().size(), 1U);
  EXPECT_TRUE(shell.effects_of<OpenConnection>().empty());
}

TEST(ConnectorTest, ExpiredMeansFetchThenReconnectEvenIfTheFirstFetchFails) {
  ClientShell shell(fetching());
  shell.connect();
  shell.call([&] { shell.session.handle_token(shell.now, shell.fetch, "t1"); });
  shell.open();
  shell.receive(RelayMessage().welcome());
  const std::uint32_t first = shell.fetch;
  shell.close(4100, "token expired");
  shell.advance(1s);
  ASSERT_NE(shell.fetch, first);
  const std::uint32_t second = shell.fetch;
  shell.call([&] { shell.session.handle_token_failure(shell.now, second, "503", false); });
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  shell.advance(2s);
  ASSERT_NE(shell.fetch, second);
  shell.forget();
  shell.call([&] { shell.session.handle_token(shell.now, second, "stale"); });  // late: ignored
  EXPECT_TRUE(shell.effects.empty());
  shell.call([&] { shell.session.handle_token(shell.now, shell.fetch, "t2"); });
  shell.open();
  EXPECT_EQ(shell.frames<HelloFrame>()[0].token, "t2");
}

TEST(ConnectorTest, NoTokenForThisUserIsFinal) {
  ClientShell shell(fetching());
  shell.connect();
  shell.call(
      [&] { shell.session.handle_token_failure(shell.now, shell.fetch, "signed out", true); });
  EXPECT_EQ(shell.session.state(), ClientState::Failed);
  EXPECT_NE(shell.latest_state()->message.find("signed out"), std::string::npos);
}

TEST(ConnectorTest, ATokenFetchThatNeverAnswersIsTriedAgain) {
  ClientShell shell(fetching());
  shell.connect();
  shell.advance(12s);
  EXPECT_GE(shell.effects_of<FetchToken>().size(), 2U);
}

TEST(ConnectorTest, AnExpiredStaticTokenEndsInFailedNotInALoop) {
  ClientShell shell;
  shell.call([&] { shell.session.set_token(shell.now, "old"); });
  shell.go_live();
  shell.close(4100);
  EXPECT_EQ(shell.session.state(), ClientState::Failed);
}

TEST(ConnectorTest, ATokenSetMeanwhileIsNotTheOneThatExpired) {
  ClientShell shell;
  shell.call([&] { shell.session.set_token(shell.now, "old"); });
  shell.go_live();
  shell.call([&] { shell.session.set_token(shell.now, "new"); });
  shell.forget();
  shell.close(4100);
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  shell.advance(1s);
  shell.open();
  EXPECT_EQ(shell.frames<HelloFrame>()[0].token, "new");
}

TEST(ConnectorTest, ATokenOverItsLimitFailsClearly) {
  ClientShell shell;
  const std::string token(limits::token_bytes_max + 1, 'x');
  shell.call([&] { shell.session.set_token(shell.now, token); });
  EXPECT_EQ(shell.session.state(), ClientState::Failed);
  EXPECT_NE(shell.latest_state()->message.find("token_bytes_max"), std::string::npos);
}

// ---- network and sleep

TEST(ConnectorTest, OfflineClosesAndStopsRetryingOnlineTriesWithinASecond) {
  ClientShell shell;
  shell.go_live();
  shell.forget();
  shell.call([&] { shell.session.handle_network(shell.now, false); });
  EXPECT_EQ(shell.session.state(), ClientState::Offline);
  EXPECT_EQ(shell.effects_of<CloseConnection>().size(), 1U);
  shell.advance(1h);
  EXPECT_TRUE(shell.effects_of<OpenConnection>().empty());
  shell.call([&] { shell.session.handle_network(shell.now, true); });
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  shell.advance(limits::online_jitter_max);
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
}

TEST(ConnectorTest, ConnectWhileOfflineWaitsForTheNetwork) {
  ClientShell shell;
  shell.call([&] { shell.session.handle_network(shell.now, false); });
  EXPECT_EQ(shell.session.state(), ClientState::Disconnected);
  shell.connect();
  EXPECT_EQ(shell.session.state(), ClientState::Offline);
  shell.call([&] { shell.session.handle_network(shell.now, true); });
  EXPECT_EQ(shell.session.state(), ClientState::Connecting);
  shell.advance(1s);
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
}

TEST(ConnectorTest, DisconnectForgetsThatTheNetworkWasDown) {
  // Nobody listens to the platform between disconnect() and connect(): "online" may have passed.
  ClientShell shell;
  shell.go_live();
  shell.call([&] { shell.session.handle_network(shell.now, false); });
  shell.call([&] { shell.session.disconnect(shell.now); });
  EXPECT_EQ(shell.session.state(), ClientState::Disconnected);
  shell.forget();
  shell.connect();
  EXPECT_EQ(shell.session.state(), ClientState::Connecting);
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
}

TEST(ConnectorTest, ASlotGivenByTheRelayOutlivesTimesWithoutNetwork) {
  ClientShell shell;
  shell.go_live();
  shell.receive(RelayMessage().add(disconnect_frame(DisconnectCode::Restarting, 20'000)));
  shell.forget();
  for (int blip = 0; blip < 2; ++blip) {
    shell.advance(1s);
    shell.call([&] { shell.session.handle_network(shell.now, false); });
    shell.advance(2s);
    shell.call([&] { shell.session.handle_network(shell.now, true); });
  }
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  EXPECT_EQ(shell.latest_state()->retry_in_ms, 14'000U);
  shell.call([&] { shell.session.handle_resume(shell.now); });
  shell.advance(13'999ms);
  EXPECT_TRUE(shell.effects_of<OpenConnection>().empty());
  shell.advance(1ms);
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
}

TEST(ConnectorTest, ASlotThatPassedWithoutNetworkLeavesTheJitter) {
  ClientShell shell;
  shell.go_live();
  shell.receive(RelayMessage().add(disconnect_frame(DisconnectCode::Restarting, 2'000)));
  shell.call([&] { shell.session.handle_network(shell.now, false); });
  shell.advance(10s);
  shell.forget();
  shell.call([&] { shell.session.handle_network(shell.now, true); });
  EXPECT_GT(shell.latest_state()->retry_in_ms, 0U);
  EXPECT_LE(shell.latest_state()->retry_in_ms, 1'000U);
  shell.advance(limits::online_jitter_max);
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
}

TEST(ConnectorTest, ResumeProbesALiveConnection) {
  ClientShell shell;
  shell.go_live();
  shell.forget();
  shell.call([&] { shell.session.handle_resume(shell.now); });
  ASSERT_EQ(shell.frames<PingFrame>().size(), 1U);
  shell.call([&] { shell.session.handle_resume(shell.now); });
  EXPECT_EQ(shell.frames<PingFrame>().size(), 1U) << "one probe at a time";
  shell.advance(limits::probe_timeout);
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 4001);
}

TEST(ConnectorTest, AnAnsweredProbeKeepsTheConnectionAndMeasuresIt) {
  ClientShell shell;
  shell.go_live();
  shell.forget();
  shell.call([&] { shell.session.handle_resume(shell.now); });
  shell.advance(30ms);
  shell.receive(RelayMessage().add(PongFrame{shell.frames<PingFrame>()[0].nonce}));
  shell.advance(limits::probe_timeout);
  EXPECT_EQ(shell.session.state(), ClientState::Live);
  EXPECT_EQ(shell.session.stats().round_trip_us, 30'000U);
}

TEST(ConnectorTest, ResumeWhileWaitingReconnectsAtOnce) {
  ClientShell shell;
  shell.go_live();
  for (int i = 0; i < 6; ++i) shell.reconnect();
  shell.close();
  shell.forget();
  shell.call([&] { shell.session.handle_resume(shell.now); });
  EXPECT_EQ(shell.effects_of<OpenConnection>().size(), 1U);
}

}  // namespace
}  // namespace tidegate::testing
