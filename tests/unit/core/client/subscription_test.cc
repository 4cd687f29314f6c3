// Sharing one subscription and lingering after the last one leaves: what components that mount and
// unmount may cost, and what somebody who comes late may miss.
#include "core/client/subscription.h"

#include <gtest/gtest.h>

#include "tests/unit/core/client/client_shell.h"

namespace tidegate::testing {
namespace {

/// Live, with "a" bound to stream 5 at (e, 10).
class SubscriptionSharingTest : public ::testing::Test {
 protected:
  SubscriptionSharingTest() {
    shell.go_live();
    id = shell.subscribe("a");
    shell.answer_live("a", 5, at("e", 10));
    shell.forget();
  }

  ClientShell shell;
  SubscriptionId id = SubscriptionId::None;
};

// ---- sharing and lingering

TEST_F(SubscriptionSharingTest, DuplicateSubscribeShares) {
  EXPECT_EQ(shell.subscribe("a"), id);
  EXPECT_TRUE(shell.sent.empty());
  shell.unsubscribe(id);
  shell.advance(10s);
  EXPECT_TRUE(shell.sent.empty()) << "one of two is still there";
  shell.unsubscribe(id);
  shell.advance(10s);
  EXPECT_EQ(shell.frames<UnsubscribeFrame>().size(), 1U);
  EXPECT_FALSE(shell.session.unsubscribe(shell.now, id).ok());
}

TEST(SubscriptionMountTest, StrictModeMountUnmountMountSendsNothingMore) {
  ClientShell shell;
  shell.go_live();
  SubscribeOptions options;
  options.history = 20;
  const SubscriptionId first = shell.subscribe("a", options);
  shell.unsubscribe(first);
  EXPECT_EQ(shell.subscribe("a", options), first);
  shell.advance(10s);
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_TRUE(shell.frames<UnsubscribeFrame>().empty());
}

TEST_F(SubscriptionSharingTest, UnmountAndMountOfALiveChannelSendsNothing) {
  shell.unsubscribe(id);
  shell.advance(500ms);
  EXPECT_EQ(shell.subscribe("a"), id);
  shell.advance(10s);
  EXPECT_TRUE(shell.sent.empty());
}

TEST_F(SubscriptionSharingTest, WhoComesWhileItLingersAndWantsHistoryGetsIt) {
  shell.receive(RelayMessage().block(5, 10, 11, {11}));
  shell.unsubscribe(id);
  SubscribeOptions options;
  options.history = 20;
  const SubscriptionId next = shell.subscribe("a", options);
  EXPECT_NE(next, id);
  EXPECT_EQ(shell.frames<UnsubscribeFrame>().size(), 1U);
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_FALSE(shell.frames<SubscribeFrame>()[0].since);
}

TEST_F(SubscriptionSharingTest, WhoComesWithThePositionItLingersAtShares) {
  shell.unsubscribe(id);
  SubscribeOptions options;
  options.since = at("e", 10);
  EXPECT_EQ(shell.subscribe("a", options), id);
  EXPECT_TRUE(shell.sent.empty());
  shell.unsubscribe(id);
  options.since = at("e", 9);
  EXPECT_NE(shell.subscribe("a", options), id);
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].since, at("e", 9));
}

TEST_F(SubscriptionSharingTest, UnsubscribeNamesTheStreamAndItsLateBlocksAreCounted) {
  shell.unsubscribe(id);
  shell.advance(limits::unsubscribe_linger_default);
  ASSERT_EQ(shell.frames<UnsubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<UnsubscribeFrame>()[0].stream, StreamId{5});
  shell.receive(RelayMessage().block(5, 10, 11, {11}));
  EXPECT_TRUE(shell.rows.empty());
  EXPECT_EQ(shell.session.stats().unbound_blocks, 1U);
  EXPECT_EQ(shell.session.subscription_count(), 0U);
}

// ---- filters and intervals

SubscribeOptions filtered(std::string filter, std::uint32_t min_interval_ms = 0) {
  SubscribeOptions options;
  options.filter = std::move(filter);
  options.min_interval_ms = min_interval_ms;
  return options;
}

class SubscriptionFilterTest : public SubscriptionSharingTest {
 protected:
  RequestId latest() const { return shell.frames<SubscribeFrame>().back().request; }
  void answer(RequestId request, std::uint32_t stream, std::uint64_t top = 10) {
    shell.receive(RelayMessage().subscribed(request, stream, "a", SubscribeOutcome::Snapshot,
                                            at("e", top), top));
  }
};

TEST_F(SubscriptionFilterTest, AnotherFilterIsAnotherSubscription) {
  const SubscriptionId some = shell.subscribe("a", filtered(R"({"x":1})"));
  EXPECT_NE(some, id);
  EXPECT_EQ(shell.subscribe("a", filtered(R"({"x":1})")), some);
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].filter, R"({"x":1})");
  answer(latest(), 6);
  shell.receive(RelayMessage().block(6, 10, 12, {12}).block(5, 10, 12, {11, 12}));
  ASSERT_EQ(shell.rows.size(), 3U);
  EXPECT_EQ(shell.rows[0].subscription, some);
  EXPECT_EQ(shell.rows[1].subscription, id);
}

TEST_F(SubscriptionFilterTest, AFilterThatIsNoJsonOrTooLongIsRefused) {
  const auto refused = [&](const std::string& filter) {
    const auto result = shell.session.subscribe(shell.now, channel("a"), filtered(filter));
    return !result.ok() && result.error().code == ErrorCode::BadRequest;
  };
  EXPECT_TRUE(refused("{bad"));
  EXPECT_TRUE(refused("\"" + std::string(limits::filter_bytes_max, 'x') + "\""));
}

TEST_F(SubscriptionFilterTest, TheLeastIntervalCountsAndDoesNotGrowAgain) {
  const SubscriptionId slow = shell.subscribe("a", filtered("{}", 1000));
  EXPECT_EQ(shell.frames<SubscribeFrame>().back().min_interval_ms, 1000U);
  answer(latest(), 6);
  EXPECT_EQ(shell.subscribe("a", filtered("{}", 2000)), slow);
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.subscribe("a", filtered("{}", 250)), slow);
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 2U);
  EXPECT_EQ(shell.frames<SubscribeFrame>().back().min_interval_ms, 250U);
  EXPECT_EQ(shell.frames<SubscribeFrame>().back().since, at("e", 10)) << "nothing is lost by it";
  shell.unsubscribe(slow);
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 2U);
}

TEST_F(SubscriptionFilterTest, AnAnswerToAGivenUpRequestIsNotTakenForAnotherFilters) {
  const SubscriptionId some = shell.subscribe("a", filtered("{}"));
  const RequestId request = latest();
  shell.unsubscribe(some);
  shell.advance(limits::unsubscribe_linger_default);
  shell.forget();
  answer(request, 6);
  ASSERT_EQ(shell.frames<UnsubscribeFrame>().size(), 1U) << "taken back";
  EXPECT_EQ(shell.frames<UnsubscribeFrame>()[0].stream, StreamId{6});
  shell.receive(RelayMessage().block(5, 10, 11, {11}));
  EXPECT_EQ(shell.offsets(), (std::vector<std::uint64_t>{11})) << "the other one is as it was";
}

TEST_F(SubscriptionFilterTest, AResetOfOneAmongSeveralAsksForEachAgain) {
  shell.subscribe("a", filtered("{}"));
  answer(latest(), 6);
  shell.advance(limits::gap_resubscribe_interval_min);
  shell.forget();
  answer(RequestId::None, 9, 3);
  shell.advance(limits::gap_resubscribe_interval_min);
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 2U);
  shell.forget();
  answer(RequestId::None, 5, 3);
  EXPECT_TRUE(shell.frames<SubscribeFrame>().empty()) << "all of them are under way";
}

// Found by the simulator, seed 3322: a page let a channel go, took it up again, with history, and
// let it go again while it was being welcomed. When it came back once more it had been told of
// exceeded history, and given none.
TEST(SubscriptionRestartTest, AResetOfWhatAnEarlierSubscriptionAskedForIsNotTheStartOfALaterOne) {
  ClientShell shell;
  const SubscriptionId first = shell.subscribe("a");
  shell.connect();
  shell.open();
  const RequestId given_up = shell.latest_subscribe("a");
  shell.unsubscribe(first);
  shell.advance(limits::unsubscribe_linger_default);
  SubscribeOptions history;
  history.history = 6;
  const SubscriptionId second = shell.subscribe("a", history);
  ASSERT_NE(second, first);
  shell.unsubscribe(second);
  shell.forget();
  const auto start = SubscribeOutcome::Snapshot;
  shell.receive(RelayMessage()
                    .welcome()
                    .subscribed(given_up, 5, "a", start, at("e", 10), 10)
                    .subscribed(RequestId::None, 5, "a", start, at("e", 20), 20));
  EXPECT_TRUE(shell.events_of<SubscriptionStarted>().empty());
  EXPECT_EQ(shell.subscribe("a"), second) << "it still lingers";
  shell.advance(limits::gap_resubscribe_interval_min);
  ASSERT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
  EXPECT_EQ(shell.frames<SubscribeFrame>()[0].history, 6U);
  EXPECT_FALSE(shell.frames<SubscribeFrame>()[0].since.has_value());
  shell.answer_live("a", 5, at("e", 14));
  EXPECT_EQ(shell.session.position(second), at("e", 14));
}

TEST_F(SubscriptionFilterTest, AResetOnAStreamThatIsHeldConcernsItsSubscription) {
  const SubscriptionId some = shell.subscribe("a", filtered("{}"));
  answer(latest(), 6);
  shell.forget();
  answer(RequestId::None, 6, 3);
  EXPECT_EQ(shell.session.position(some), at("e", 3));
  EXPECT_EQ(shell.session.position(id), at("e", 10));
}

}  // namespace
}  // namespace tidegate::testing
