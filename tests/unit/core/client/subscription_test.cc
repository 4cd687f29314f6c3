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

}  // namespace
}  // namespace tidegate::testing
