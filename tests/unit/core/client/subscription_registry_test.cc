// Channels across connections: sharing, lingering, races of joining and leaving, resets, refusals,
// gaps. Each bug class that other clients have had here has a test of its name.
#include "core/client/subscription_registry.h"

#include <gtest/gtest.h>

#include "tests/unit/core/client/client_shell.h"

namespace tidegate::testing {
namespace {

using Offsets = std::vector<std::uint64_t>;

/// Live, with "a" bound to stream 5 at (e, 10).
class SubscriptionTest : public ::testing::Test {
 protected:
  SubscriptionTest() {
    shell.go_live();
    id = shell.subscribe("a");
    shell.answer_live("a", 5, at("e", 10));
    shell.forget();
  }

  ClientShell shell;
  SubscriptionId id = SubscriptionId::None;
};

TEST(SubscriptionStartTest, HelloAndAllSubscribesLeaveInOneMessage) {
  ClientShell shell;
  SubscribeOptions since;
  since.since = at("e", 7);
  SubscribeOptions history;
  history.history = 50;
  shell.subscribe("a");
  shell.subscribe("b", since);
  shell.subscribe("c", history);
  shell.connect();
  shell.open();
  ASSERT_EQ(shell.sent.size(), 1U);
  EXPECT_EQ(shell.frames<HelloFrame>().size(), 1U);
  const auto asked = shell.frames<SubscribeFrame>();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].channel, channel("a"));
  EXPECT_FALSE(asked[0].since);
  EXPECT_EQ(asked[1].since, at("e", 7));
  EXPECT_EQ(asked[2].history, 50U);
  shell.forget();
  shell.receive(RelayMessage().welcome());
  EXPECT_TRUE(shell.sent.empty());
}

TEST(SubscriptionStartTest, MoreSubscribesThanOneMessageHoldsFollowTheWelcome) {
  ClientShell shell;
  const std::string segment(90, 'x');
  for (int i = 0; i < 1000; ++i) {
    shell.subscribe(segment + ":" + segment + ":" + std::to_string(i));
  }
  shell.connect();
  shell.open();
  ASSERT_EQ(shell.sent.size(), 1U);
  EXPECT_LE(shell.sent[0].size(), limits::opening_message_bytes_max);
  EXPECT_GT(shell.sent[0].size(), limits::opening_message_bytes_max - 400) << "filled";
  shell.receive(RelayMessage().welcome());
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1000U);
  for (std::size_t i = 1; i < shell.sent.size(); ++i) {
    EXPECT_LE(shell.sent[i].size(), limits::batch_bytes_max);
  }
}

TEST(SubscriptionStartTest, WhatIsAskedWhileGreetingLeavesWithTheWelcome) {
  ClientShell shell;
  shell.connect();
  shell.open();
  shell.forget();
  shell.subscribe("a");
  EXPECT_TRUE(shell.sent.empty());
  shell.receive(RelayMessage().welcome());
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
}

TEST(SubscriptionStartTest, LiveIsSaidOnlyWhenTheTargetIsReachedAndBehindItsRows) {
  ClientShell shell;  // supabase/realtime-js#525: SUBSCRIBED before the stream is live
  shell.go_live();
  const SubscriptionId id = shell.subscribe("a");
  shell.forget();
  shell.receive(RelayMessage()
                    .subscribed(shell.latest_subscribe("a"), 5, "a", SubscribeOutcome::Snapshot,
                                at("e", 0), 4)
                    .block(5, 0, 2, {1, 2}));
  EXPECT_EQ(shell.events_of<SubscriptionStarted>().size(), 1U);
  EXPECT_TRUE(shell.events_of<SubscriptionLive>().empty());
  shell.receive(RelayMessage().block(5, 2, 4, {3, 4}).block(5, 4, 5, {5}));
  ASSERT_EQ(shell.events_of<SubscriptionLive>().size(), 1U);
  EXPECT_EQ(shell.events_of<SubscriptionLive>()[0].subscription, id);
  const std::size_t count = shell.events.size();  // …, rows 3–4, live, rows 5
  EXPECT_TRUE(std::holds_alternative<RowsDelivered>(shell.events[count - 1]));
  EXPECT_TRUE(std::holds_alternative<SubscriptionLive>(shell.events[count - 2]));
  EXPECT_TRUE(std::holds_alternative<RowsDelivered>(shell.events[count - 3]));
  EXPECT_EQ(shell.offsets(), (Offsets{1, 2, 3, 4, 5}));
}

// ---- limits

TEST(SubscriptionLimitTest, OverTheLimitIsAnErrorAndLingeringOnesGiveWay) {
  ClientShell shell;
  shell.go_live();
  SubscriptionId first = SubscriptionId::None;
  for (std::size_t i = 0; i < limits::subscriptions_per_client_max; ++i) {
    const SubscriptionId id = shell.subscribe("c:" + std::to_string(i));
    if (i == 0) first = id;
  }
  const auto over = shell.session.subscribe(shell.now, channel("one-more"), {});
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, ErrorCode::LimitExceeded);
  shell.unsubscribe(first);
  EXPECT_TRUE(shell.session.subscribe(shell.now, channel("one-more"), {}).ok());
  EXPECT_EQ(shell.session.subscription_count(), limits::subscriptions_per_client_max);
}

TEST(SubscriptionLimitTest, AnEmptyChannelIsRefused) {
  ClientShell shell;
  EXPECT_EQ(shell.session.subscribe(shell.now, ChannelName(), {}).error().code,
            ErrorCode::InvalidChannel);
  EXPECT_EQ(shell.session.unsubscribe(shell.now, SubscriptionId{77}).error().code,
            ErrorCode::NotFound);
}

// ---- join, leave, join (phoenix#4248, #1483, #1579; laravel/echo#483)

class NoLingerTest : public ::testing::Test {
 protected:
  static ClientOptions options() {
    ClientOptions options = ClientShell::default_options();
    options.unsubscribe_linger = 0ms;
    return options;
  }
  NoLingerTest() : shell(options()) { shell.go_live(); }
  void leave(SubscriptionId id) {
    shell.unsubscribe(id);
    shell.advance(0ms);
  }
  RelayMessage answer(RequestId request, std::uint32_t stream, std::uint64_t top) {
    return RelayMessage().subscribed(request, stream, "a", SubscribeOutcome::Snapshot, at("e", top),
                                     top);
  }
  ClientShell shell;
};

TEST_F(NoLingerTest, LeavingBeforeTheAnswerTakesTheStreamBackWhenItComes) {
  const SubscriptionId id = shell.subscribe("a");
  const RequestId request = shell.latest_subscribe("a");
  leave(id);
  EXPECT_TRUE(shell.frames<UnsubscribeFrame>().empty());
  shell.receive(answer(request, 5, 3));
  ASSERT_EQ(shell.frames<UnsubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<UnsubscribeFrame>()[0].stream, StreamId{5});
  EXPECT_TRUE(shell.events_of<SubscriptionStarted>().empty());
}

TEST_F(NoLingerTest, JoinLeaveJoinWithBothAnswersInFlightBindsTheSecond) {
  const SubscriptionId first = shell.subscribe("a");
  const RequestId first_request = shell.latest_subscribe("a");
  leave(first);
  const SubscriptionId second = shell.subscribe("a");
  const RequestId second_request = shell.latest_subscribe("a");
  ASSERT_NE(first, second);
  shell.receive(answer(first_request, 5, 3).block(5, 3, 4, {4}));
  EXPECT_TRUE(shell.rows.empty());
  shell.receive(answer(second_request, 6, 4).block(6, 4, 5, {5}).block(5, 4, 5, {5}));
  EXPECT_EQ(shell.offsets(), (Offsets{5}));
  ASSERT_EQ(shell.events_of<SubscriptionStarted>().size(), 1U);
  EXPECT_EQ(shell.events_of<SubscriptionStarted>()[0].subscription, second);
  EXPECT_TRUE(shell.frames<UnsubscribeFrame>().empty());
}

TEST_F(NoLingerTest, AnswersThatComeInTheOtherOrderEndOnTheStreamTheRelayEndsOn) {
  const SubscriptionId first = shell.subscribe("a");
  const RequestId first_request = shell.latest_subscribe("a");
  leave(first);
  shell.subscribe("a");
  const RequestId second_request = shell.latest_subscribe("a");
  shell.receive(answer(second_request, 6, 4).block(6, 4, 5, {5}));
  shell.forget();
  shell.receive(answer(first_request, 7, 5));  // the relay sends on 7 from now on
  shell.advance(limits::gap_resubscribe_interval_min);
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].since, at("e", 5));
  shell.receive(RelayMessage()
                    .subscribed(shell.latest_subscribe("a"), 8, "a", SubscribeOutcome::Recovered,
                                at("e", 5), 6)
                    .block(8, 5, 6, {6}));
  EXPECT_EQ(shell.offsets(), (Offsets{6}));
}

TEST_F(NoLingerTest, LeaveAndJoinOfALiveChannelKeepsTheOrderOnTheWire) {
  const SubscriptionId first = shell.subscribe("a");
  shell.receive(answer(shell.latest_subscribe("a"), 5, 3));
  shell.forget();
  leave(first);
  shell.subscribe("a");
  ASSERT_EQ(shell.frames<UnsubscribeFrame>().size(), 1U);
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_LT(shell.frames<UnsubscribeFrame>()[0].request, shell.frames<SubscribeFrame>()[0].request);
  // The answer to the leaving names the old stream: it is not taken for the new one's end.
  shell.receive(RelayMessage()
                    .add(UnsubscribedFrame{shell.frames<UnsubscribeFrame>()[0].request, StreamId{5},
                                           2500, ""})
                    .subscribed(shell.latest_subscribe("a"), 6, "a", SubscribeOutcome::Snapshot,
                                at("e", 3), 3));
  EXPECT_TRUE(shell.events_of<SubscriptionEnded>().empty());
  EXPECT_EQ(shell.session.subscription_count(), 1U);
}

TEST_F(NoLingerTest, JoinLeaveJoinOnOneStreamIdKeepsTheBindingsApart) {
  // A relay's stream id names the channel's stream, so a channel that is joined again may get it
  // again.
  const SubscriptionId first = shell.subscribe("a");
  shell.receive(answer(shell.latest_subscribe("a"), 5, 3));
  leave(first);
  const RequestId leaving = shell.frames<UnsubscribeFrame>()[0].request;
  const SubscriptionId second = shell.subscribe("a");
  shell.receive(RelayMessage().block(5, 3, 4, {4}));  // sent before the relay read the leaving
  EXPECT_TRUE(shell.rows.empty());
  shell.receive(answer(shell.latest_subscribe("a"), 5, 4)
                    .add(UnsubscribedFrame{leaving, StreamId{5}, 2500, ""})
                    .block(5, 4, 5, {5}));
  ASSERT_EQ(shell.offsets(), (Offsets{5}));
  EXPECT_EQ(shell.rows[0].subscription, second);
  EXPECT_TRUE(shell.events_of<SubscriptionEnded>().empty());
}

TEST_F(NoLingerTest, ARequestThatTheRelayReplacedIsRefusedWithoutConsequences) {
  const SubscriptionId first = shell.subscribe("a");
  const RequestId replaced = shell.latest_subscribe("a");
  leave(first);
  shell.subscribe("a");
  shell.receive(RelayMessage().add(RefusedFrame{replaced, Error{ErrorCode::Busy, "", 0}}));
  shell.receive(answer(shell.latest_subscribe("a"), 5, 4).block(5, 4, 5, {5}));
  EXPECT_EQ(shell.offsets(), (Offsets{5}));
}

TEST_F(NoLingerTest, ARefusalOfAnAbandonedRequestConcernsNobody) {
  const SubscriptionId id = shell.subscribe("a");
  const RequestId request = shell.latest_subscribe("a");
  leave(id);
  shell.receive(RelayMessage().add(RefusedFrame{request, Error{ErrorCode::Forbidden, "no", 0}}));
  EXPECT_TRUE(shell.events_of<SubscriptionEnded>().empty());
  EXPECT_EQ(shell.session.state(), ClientState::Live);
}

// ---- positions and reconnecting (centrifuge-js#385, centrifuge-go#150, #160)

TEST_F(SubscriptionTest, ReconnectResumesFromTheLatestPositionNotAnOlderOne) {
  shell.receive(RelayMessage().block(5, 10, 12, {11, 12}).block(5, 12, 15, {}));  // and a cover
  shell.reconnect();
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].since, at("e", 15));
  shell.receive(RelayMessage()
                    .subscribed(shell.latest_subscribe("a"), 2, "a", SubscribeOutcome::Recovered,
                                at("e", 15), 16)
                    .block(2, 12, 16, {13, 16}));
  EXPECT_EQ(shell.offsets(), (Offsets{16}));
  EXPECT_EQ(shell.session.stats().duplicates_dropped, 1U);
}

TEST_F(SubscriptionTest, ThePositionHasMovedBeforeTheRowsAreSeen) {
  const Bytes bytes = RelayMessage().block(5, 10, 11, {11}).bytes();
  shell.session.handle_message(shell.now, shell.connection, bytes);
  EXPECT_EQ(shell.session.position(id), at("e", 11));
  shell.poll();
  // A callback that is cut short by a lost connection cannot make the row come twice.
  shell.reconnect();
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].since, at("e", 11));
}

TEST_F(SubscriptionTest, RowsPolledAfterADisconnectStillArriveOnce) {
  const Bytes bytes = RelayMessage().block(5, 10, 11, {11}).block(5, 11, 12, {12}).bytes();
  shell.session.handle_message(shell.now, shell.connection, bytes);
  shell.session.disconnect(shell.now);
  shell.poll();
  EXPECT_EQ(shell.offsets(), (Offsets{11, 12}));
}

TEST_F(SubscriptionTest, AnEpochIsNeverAdoptedWithAnOffsetOfAnotherStream) {
  shell.reconnect();
  shell.receive(RelayMessage().subscribed(shell.latest_subscribe("a"), 2, "a",
                                          SubscribeOutcome::Recovered, at("other", 10), 12));
  ASSERT_EQ(shell.effects_of<CloseConnection>().size(), 1U);
  EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 4505);
  EXPECT_EQ(shell.session.state(), ClientState::Reconnecting);
  EXPECT_EQ(shell.session.position(id), at("e", 10));
}

TEST_F(SubscriptionTest, ARecoveryBeyondThePositionOrWithoutOneIsAProtocolError) {
  shell.reconnect();
  shell.receive(RelayMessage().subscribed(shell.latest_subscribe("a"), 2, "a",
                                          SubscribeOutcome::Recovered, at("e", 11), 12));
  EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 4505);

  ClientShell fresh;
  fresh.go_live();
  fresh.subscribe("b");
  fresh.receive(RelayMessage().subscribed(fresh.latest_subscribe("b"), 2, "b",
                                          SubscribeOutcome::Recovered, at("e", 0), 0));
  EXPECT_EQ(fresh.effects_of<CloseConnection>()[0].code, 4505);
}

TEST_F(SubscriptionTest, ARecoveryThatBeginsEarlierNeverMovesThePositionBack) {
  shell.reconnect();
  shell.receive(RelayMessage()
                    .subscribed(shell.latest_subscribe("a"), 2, "a", SubscribeOutcome::Recovered,
                                at("e", 8), 11)
                    .block(2, 8, 11, {9, 10, 11}));
  EXPECT_EQ(shell.events_of<SubscriptionStarted>()[0].start, at("e", 10));
  EXPECT_EQ(shell.offsets(), (Offsets{11}));
}

TEST_F(SubscriptionTest, OneStreamCannotBelongToTwoChannels) {
  shell.subscribe("b");
  shell.answer_live("b", 5, at("f", 1));
  EXPECT_EQ(shell.effects_of<CloseConnection>()[0].code, 4505);
}

TEST_F(SubscriptionTest, AResetRebindsAndReplacesWithoutBeingAskedFor) {
  shell.receive(RelayMessage()
                    .subscribed(RequestId::None, 9, "a", SubscribeOutcome::Snapshot, at("f", 0), 1)
                    .block(5, 10, 11, {11})
                    .block(9, 0, 1, {1}));
  ASSERT_EQ(shell.events_of<SubscriptionStarted>().size(), 1U);
  EXPECT_EQ(shell.events_of<SubscriptionStarted>()[0].outcome, SubscribeOutcome::Snapshot);
  EXPECT_EQ(shell.session.position(id), at("f", 1));
  EXPECT_EQ(shell.offsets(), (Offsets{1}));
  EXPECT_EQ(shell.session.stats().unbound_blocks, 1U);
}

TEST_F(SubscriptionTest, ASnapshotInAnotherEpochForgetsThePosition) {
  shell.reconnect();
  shell.answer_live("a", 2, at("f", 3));
  EXPECT_EQ(shell.session.position(id), at("f", 3));
  shell.reconnect();
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].since, at("f", 3));
}

// ---- gaps

TEST_F(SubscriptionTest, AGapIsReportedOnceAndRepairedFromThePosition) {
  shell.advance(1s);
  shell.receive(RelayMessage().block(5, 12, 13, {13}).block(5, 13, 14, {14}));
  EXPECT_EQ(shell.events_of<GapDetected>().size(), 1U);
  EXPECT_TRUE(shell.rows.empty());
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].since, at("e", 10));
  EXPECT_EQ(shell.session.stats().gaps_detected, 1U);
  EXPECT_EQ(shell.session.stats().gaps_repaired, 0U);
  shell.receive(RelayMessage()
                    .subscribed(shell.latest_subscribe("a"), 6, "a", SubscribeOutcome::Recovered,
                                at("e", 10), 14)
                    .block(6, 10, 14, {11, 12, 13, 14}));
  EXPECT_EQ(shell.offsets(), (Offsets{11, 12, 13, 14}));
  EXPECT_EQ(shell.session.stats().gaps_repaired, 1U);
  EXPECT_EQ(shell.events_of<SubscriptionLive>().size(), 1U);
}

TEST_F(SubscriptionTest, RepairsOfOneSubscriptionAreSpaced) {
  shell.receive(RelayMessage().block(5, 12, 13, {13}));  // right after its first request
  EXPECT_TRUE(shell.frames<SubscribeFrame>().empty());
  shell.advance(limits::gap_resubscribe_interval_min - 1us);
  EXPECT_TRUE(shell.frames<SubscribeFrame>().empty());
  shell.advance(1us);
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
}

TEST_F(SubscriptionTest, LeavingDuringARepairFreesTheStreamTheRelayHolds) {
  shell.receive(RelayMessage().block(5, 12, 13, {13}));
  shell.unsubscribe(id);
  const auto options = ClientShell::default_options();
  shell.advance(options.unsubscribe_linger);
  ASSERT_GE(shell.frames<UnsubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<UnsubscribeFrame>()[0].stream, StreamId{5});
}

// ---- refusals and endings

TEST(SubscriptionRefusedTest, TemporaryRefusalsAreRetriedAsTheRelaySays) {
  ClientShell shell;
  shell.go_live();
  shell.subscribe("a");
  const RequestId first = shell.latest_subscribe("a");
  shell.forget();
  shell.receive(
      RelayMessage().add(RefusedFrame{first, Error{ErrorCode::RateLimited, "slow down", 3'000}}));
  shell.advance(2'999ms);
  EXPECT_TRUE(shell.frames<SubscribeFrame>().empty());
  shell.advance(1ms);
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_NE(shell.latest_subscribe("a"), first);
  EXPECT_TRUE(shell.events_of<SubscriptionEnded>().empty());
}

TEST(SubscriptionRefusedTest, RepeatedTemporaryRefusalsBackOff) {
  ClientShell shell;
  shell.connect();
  shell.open();
  shell.receive(RelayMessage().welcome(0, 0));
  shell.subscribe("a");
  int requests = 0;
  for (const Instant end = shell.now.monotonic + 10min; shell.now.monotonic < end;) {
    if (!shell.frames<SubscribeFrame>().empty()) {
      ++requests;
      shell.forget();
      shell.receive(RelayMessage().add(
          RefusedFrame{shell.latest_subscribe("a"), Error{ErrorCode::Unavailable, "", 0}}));
    }
    shell.advance(50ms);
  }
  EXPECT_LT(requests, 70);
  EXPECT_GT(requests, 10);
}

TEST(SubscriptionRefusedTest, APermanentRefusalEndsTheSubscription) {
  ClientShell shell;
  shell.go_live();
  const SubscriptionId id = shell.subscribe("a");
  shell.receive(RelayMessage().add(
      RefusedFrame{shell.latest_subscribe("a"), Error{ErrorCode::Forbidden, "no right", 0}}));
  ASSERT_EQ(shell.events_of<SubscriptionEnded>().size(), 1U);
  EXPECT_EQ(shell.events_of<SubscriptionEnded>()[0].error.code, ErrorCode::Forbidden);
  EXPECT_EQ(shell.session.subscription_count(), 0U);
  EXPECT_NE(shell.subscribe("a"), id);
}

TEST(SubscriptionRefusedTest, CredentialsRefusedMeansANewTokenOnANewConnection) {
  ClientOptions options = ClientShell::default_options();
  options.fetch_token = true;
  ClientShell shell(options);
  shell.connect();
  shell.call([&] { shell.session.handle_token(shell.now, shell.fetch, "t"); });
  shell.open();
  shell.receive(RelayMessage().welcome());
  shell.subscribe("a");
  shell.forget();
  shell.receive(RelayMessage().add(
      RefusedFrame{shell.latest_subscribe("a"), Error{ErrorCode::TokenExpired, "expired", 0}}));
  EXPECT_EQ(shell.effects_of<CloseConnection>().size(), 1U);
  shell.advance(1s);
  EXPECT_EQ(shell.effects_of<FetchToken>().size(), 1U);
  EXPECT_EQ(shell.session.subscription_count(), 1U);
}

TEST(SubscriptionRefusedTest, AnUnansweredSubscribeIsAskedAgain) {
  ClientShell shell;
  shell.go_live();
  shell.subscribe("a");
  shell.forget();
  shell.advance(limits::subscribe_timeout);
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
}

TEST_F(SubscriptionTest, EndedByTheRelayForNowIsAskedForAgainFromThePosition) {
  shell.advance(1s);
  shell.receive(
      RelayMessage().add(UnsubscribedFrame{RequestId::None, StreamId{5}, 2000, "lost its place"}));
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].since, at("e", 10));
  EXPECT_TRUE(shell.events_of<SubscriptionEnded>().empty());
}

TEST_F(SubscriptionTest, EndedByTheRelayForGoodIsOver) {
  shell.receive(
      RelayMessage().add(UnsubscribedFrame{RequestId::None, StreamId{5}, 2501, "revoked"}));
  ASSERT_EQ(shell.events_of<SubscriptionEnded>().size(), 1U);
  EXPECT_EQ(shell.events_of<SubscriptionEnded>()[0].error.message, "revoked");
  EXPECT_TRUE(shell.frames<UnsubscribeFrame>().empty());
  EXPECT_EQ(shell.session.subscription_count(), 0U);
}

TEST_F(SubscriptionTest, WhatLingersIsNotAskedForAfterAReconnect) {
  shell.unsubscribe(id);
  shell.close();
  shell.forget();
  shell.call([&] { shell.session.handle_resume(shell.now); });
  shell.open();
  EXPECT_TRUE(shell.frames<SubscribeFrame>().empty());
  shell.receive(RelayMessage().welcome());
  EXPECT_EQ(shell.subscribe("a"), id);  // in time: goes on from where it was
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].since, at("e", 10));
}

}  // namespace
}  // namespace tidegate::testing
