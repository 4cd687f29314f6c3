// What a subscribe is answered: recovered or snapshot with its reason, never partial, never
// silence.
#include <gtest/gtest.h>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

class SubscribeTest : public testing::Test {
 protected:
  void publish(std::string_view name, int from, int to) {
    for (int n = from; n <= to; ++n) world.publish(name, draft(std::to_string(n)));
  }
  StreamPosition position(std::string_view name, std::uint64_t offset) {
    TestClient& probe = world.connect();
    probe.subscribe(name);
    const Epoch epoch = probe.last<SubscribedFrame>().start.epoch;
    probe.disconnect();
    return {epoch, Offset{offset}};
  }
  RelayWorld world;
};

TEST_F(SubscribeTest, WithoutAPositionBeginsAtTheTopAndGetsWhatComes) {
  publish("open:a", 1, 3);
  TestClient& client = world.connect();
  client.subscribe("open:a");
  const auto answer = client.last<SubscribedFrame>();
  EXPECT_EQ(answer.outcome, SubscribeOutcome::Snapshot);
  EXPECT_EQ(answer.reason, SnapshotReason::NoPosition);
  EXPECT_EQ(answer.start.offset, Offset{3});
  EXPECT_EQ(answer.target, Offset{3});
  EXPECT_EQ(answer.channel, channel("open:a"));
  EXPECT_NE(answer.stream, StreamId::None);
  publish("open:a", 4, 5);
  EXPECT_EQ(client.read(), "4 5");
}

TEST_F(SubscribeTest, GetsTheLastNOrAll) {
  publish("open:a", 1, 5);
  TestClient& some = world.connect();
  some.subscribe("open:a", {}, 2);
  EXPECT_EQ(some.read(), "4 5");
  TestClient& all = world.connect();
  all.subscribe("open:a", {}, kHistoryAll);
  EXPECT_EQ(all.read(), "1 2 3 4 5");
}

TEST_F(SubscribeTest, LatestCountsPublicationsNotCovers) {
  world.publish("open:a", draft("1", "k1"));
  world.publish("open:a", draft("2", "k2"));
  for (int n = 0; n < 5; ++n) world.publish("open:a", draft("2", "k2"));
  TestClient& client = world.connect();
  client.subscribe("open:a", {}, 2);
  EXPECT_EQ(client.read(), "1 2");
  EXPECT_EQ(client.last<SubscribedFrame>().target, Offset{7});
  EXPECT_EQ(client.last<HeardBlock>().range.offset, Offset{7}) << "the covers move the position";
}

TEST_F(SubscribeTest, FromAPositionWithinHistoryIsRecovered) {
  publish("open:a", 1, 5);
  TestClient& client = world.connect();
  client.subscribe("open:a", position("open:a", 2));
  EXPECT_EQ(client.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
  EXPECT_EQ(client.last<SubscribedFrame>().reason, SnapshotReason::None);
  EXPECT_EQ(client.last<SubscribedFrame>().start.offset, Offset{2});
  EXPECT_EQ(client.read(), "3 4 5");
  EXPECT_EQ(world.shard().counters().subscribes_recovered, 1U);
}

TEST_F(SubscribeTest, AtTheFloorIsRecoveredAndBelowItIsNot) {
  publish("short:a", 1, 9);
  TestClient& at_floor = world.connect();
  at_floor.subscribe("short:a", position("short:a", 4));
  EXPECT_EQ(at_floor.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
  EXPECT_EQ(at_floor.read(), "5 6 7 8 9");
  TestClient& below = world.connect();
  below.subscribe("short:a", position("short:a", 3));
  EXPECT_EQ(below.last<SubscribedFrame>().outcome, SubscribeOutcome::Snapshot);
  EXPECT_EQ(below.last<SubscribedFrame>().reason, SnapshotReason::HistoryExceeded);
  EXPECT_EQ(below.read(), "5 6 7 8 9") << "all that history holds";
}

TEST_F(SubscribeTest, FromAnotherEpochBeginsAnewWithAllThereIs) {
  publish("open:a", 1, 2);
  TestClient& client = world.connect();
  client.subscribe("open:a", StreamPosition{Epoch::parse("other").value(), Offset{1}});
  EXPECT_EQ(client.last<SubscribedFrame>().reason, SnapshotReason::EpochChanged);
  EXPECT_EQ(client.read(), "1 2");
}

TEST_F(SubscribeTest, AheadOfTheStreamBeginsAnewWithAllThereIs) {
  publish("open:a", 1, 2);
  TestClient& client = world.connect();
  client.subscribe("open:a", position("open:a", 7));
  EXPECT_EQ(client.last<SubscribedFrame>().reason, SnapshotReason::PositionUnknown);
  EXPECT_EQ(client.read(), "1 2");
}

TEST_F(SubscribeTest, AgainToTheSameChannelIsAnsweredAnewAndTakesTheOldOnesPlace) {
  publish("open:a", 1, 3);
  TestClient& client = world.connect();
  client.subscribe("open:a", {}, kHistoryAll);
  const RequestId again = client.subscribe("open:a", position("open:a", 2));
  EXPECT_EQ(client.last<SubscribedFrame>().request, again);
  EXPECT_EQ(client.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
  publish("open:a", 4, 4);
  EXPECT_EQ(client.read(), "1 2 3 3 4") << "from the position that it named, once more";
  EXPECT_EQ(client.last<HeardBlock>().rows.size(), 1U);
  std::size_t fours = 0;
  for (const HeardBlock& block : client.all<HeardBlock>()) {
    for (const Row& row : block.rows) fours += row.payload == "4" ? 1U : 0U;
  }
  EXPECT_EQ(fours, 1U);
}

TEST_F(SubscribeTest, NeedsTheRightAndANamespace) {
  auto claims = full_claims("eve");
  claims->capabilities[0].channels = {pattern("open:mine")};
  world.tokens.insert_or_assign("eve", ClaimsPtr(claims));
  TestClient& client = world.connect_silent();
  client.hello("eve");
  client.subscribe("open:yours");
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Forbidden);
  client.subscribe("nowhere:a");
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::UnknownNamespace);
  client.subscribe("open:mine");
  EXPECT_EQ(client.all<SubscribedFrame>().size(), 1U);
  EXPECT_EQ(world.shard().counters().subscriptions_refused, 2U);
  publish("open:yours", 1, 1);
  EXPECT_TRUE(client.all<HeardBlock>().empty());
}

TEST_F(SubscribeTest, TenantsDoNotMeet) {
  auto claims = full_claims("eve");
  claims->tenant = "u";
  world.tokens.insert_or_assign("eve", ClaimsPtr(claims));
  TestClient& other = world.connect_silent();
  other.hello("eve");
  other.subscribe("open:a", {}, kHistoryAll);
  publish("open:a", 1, 1);
  EXPECT_EQ(other.read(), "");
  other.publish("open:a", "2");
  EXPECT_EQ(other.read(), "2");
}

TEST_F(SubscribeTest, OverTheLimitIsRefusedButAChannelThatIsSubscribedMayBeRenewed) {
  RelayConfig config = test_config();
  config.subscriptions_per_connection_max = 3;
  RelayWorld small(1, config);
  TestClient& client = small.connect();
  for (const char* name : {"open:a", "open:b", "open:c"}) client.subscribe(name);
  client.subscribe("open:d");
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::LimitExceeded);
  client.subscribe("open:b");
  EXPECT_EQ(client.all<SubscribedFrame>().size(), 4U);
}

TEST_F(SubscribeTest, AfterUnsubscribedNothingOfTheStreamFollows) {
  TestClient& client = world.connect();
  client.subscribe("open:a");
  client.subscribe("open:b");
  const StreamId b = client.last<SubscribedFrame>().stream;
  const StreamId a = client.all<SubscribedFrame>().front().stream;
  client.send(UnsubscribeFrame{RequestId{9}, a});
  EXPECT_EQ(client.last<UnsubscribedFrame>().stream, a);
  EXPECT_EQ(client.last<UnsubscribedFrame>().request, RequestId{9});
  publish("open:a", 1, 1);
  publish("open:b", 2, 2);
  ASSERT_EQ(client.all<HeardBlock>().size(), 1U);
  EXPECT_EQ(client.last<HeardBlock>().stream, b);
  client.send(UnsubscribeFrame{RequestId{10}, a});
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::NotFound);
}

TEST_F(SubscribeTest, AMirrorLingersAndThenCloses) {
  TestClient& client = world.connect();
  client.subscribe("open:a");
  const StreamId stream = client.last<SubscribedFrame>().stream;
  client.disconnect();
  world.advance(limits::mirror_linger - 1s);
  TestClient& soon = world.connect();
  soon.subscribe("open:a");
  EXPECT_EQ(soon.last<SubscribedFrame>().stream, stream);
  soon.disconnect();
  world.advance(limits::mirror_linger + 1s);
  TestClient& late = world.connect();
  late.subscribe("open:a");
  EXPECT_NE(late.last<SubscribedFrame>().stream, stream) << "never used again";
}

TEST_F(SubscribeTest, WhatIsTooOldIsNotServed) {
  publish("open:a", 1, 1);
  world.advance(limits::history_age_default / 2);
  publish("open:a", 2, 2);
  world.advance(limits::history_age_default / 2);
  TestClient& client = world.connect();
  client.subscribe("open:a", {}, kHistoryAll);
  EXPECT_EQ(client.read(), "2");
}

TEST_F(SubscribeTest, WhatGrowsTooOldIsNotServedThoughTheMirrorIsOpenAndQuiet) {
  RelayConfig config = test_config();
  config.namespaces[0].history.age = 1min;
  RelayWorld quiet(2, config);
  const std::uint16_t owner = quiet.owner("open:a");
  const auto other = static_cast<std::uint16_t>(1 - owner);
  for (const std::uint16_t shard : {owner, other}) {
    SCOPED_TRACE(shard == owner ? "the owner's shard" : "another shard");
    TestClient& resident = quiet.connect(shard);
    resident.subscribe("open:a");
    quiet.publish("open:a", draft("1"));
    for (int n = 0; n < 30; ++n) {
      quiet.advance(20s);
      resident.send(PingFrame{});  // or it would be taken for gone
    }
    ASSERT_FALSE(resident.closed.has_value());
    EXPECT_EQ(resident.read(), "1");
    // All in the opening message, so that the welcome is still to be sent when it is answered.
    TestClient& late = quiet.connect_silent(shard);
    quiet.tokens.insert_or_assign("late", ClaimsPtr(full_claims("late")));
    HelloFrame hello;
    hello.client = "test/1";
    hello.session_id = "s";
    hello.token = "late";
    Bytes opening;
    encode(hello, opening);
    encode(SubscribeFrame{RequestId{1}, channel("open:a"), {}, kHistoryAll}, opening);
    late.send_bytes(opening);
    ASSERT_EQ(late.all<SubscribedFrame>().size(), 1U);
    EXPECT_EQ(late.last<SubscribedFrame>().start.offset, late.last<SubscribedFrame>().target);
    EXPECT_EQ(late.read(), "");
    quiet.publish("open:a", draft("2"));
    EXPECT_EQ(resident.read(), "1 2") << "whoever keeps pace loses nothing";
    EXPECT_EQ(resident.all<SubscribedFrame>().size(), 1U);
    quiet.advance(2min);
  }
}

TEST_F(SubscribeTest, WhatIsToBeSentFollowsItsSubscriptionWhenAnotherOneGoes) {
  publish("open:c", 1, 2);
  TestClient& resident = world.connect();  // so that subscribes are answered at once
  for (const char* name : {"open:c", "open:d"}) resident.subscribe(name);
  for (const bool last_goes : {false, true}) {
    TestClient& client = world.connect();
    client.subscribe("open:a");
    const StreamId a = client.last<SubscribedFrame>().stream;
    client.subscribe("open:b");
    const StreamId b = client.last<SubscribedFrame>().stream;
    Bytes commands;  // c is answered with rows that are still to be sent when others come and go
    encode(SubscribeFrame{RequestId{8}, channel("open:c"), {}, kHistoryAll}, commands);
    encode(UnsubscribeFrame{RequestId{9}, last_goes ? b : a}, commands);
    encode(SubscribeFrame{RequestId{10}, channel("open:d"), {}, 0}, commands);
    client.send_bytes(commands);
    ASSERT_EQ(client.all<SubscribedFrame>().size(), 4U);
    const auto answer = client.all<SubscribedFrame>()[2];
    ASSERT_EQ(answer.channel, channel("open:c"));
    ASSERT_EQ(client.all<HeardBlock>().size(), 1U);
    EXPECT_EQ(client.last<HeardBlock>().stream, answer.stream);
    EXPECT_EQ(client.last<HeardBlock>().rows.size(), 2U);
  }
}

TEST_F(SubscribeTest, ManySubscriptionsComeAndGoWithoutMixingUpPlaces) {
  constexpr std::uint64_t kSeed = 20261122;
  Prng prng(kSeed);
  std::vector<TestClient*> clients;
  for (int n = 0; n < 8; ++n) clients.push_back(&world.connect());
  std::map<std::pair<std::size_t, int>, StreamId> bound;
  for (int step = 0; step < 1500; ++step) {
    const std::size_t who = prng.below(clients.size());
    const int which = static_cast<int>(prng.below(6));
    const std::string name = "open:" + std::to_string(which);
    TestClient& client = *clients[who];
    if (const auto found = bound.find({who, which}); found != bound.end() && prng.one_in(2)) {
      client.send(UnsubscribeFrame{RequestId{1}, found->second});
      bound.erase(found);
    } else if (prng.one_in(2)) {
      client.subscribe(name);
      bound[{who, which}] = client.last<SubscribedFrame>().stream;
    } else {
      for (TestClient* each : clients) each->heard.clear();
      world.publish(name, draft(std::to_string(step)));
      for (std::size_t each = 0; each < clients.size(); ++each) {
        const bool expected = bound.count({each, which}) == 1;
        ASSERT_EQ(clients[each]->all<HeardBlock>().size(), expected ? 1U : 0U)
            << "seed " << kSeed << ", step " << step << ", client " << each;
      }
    }
  }
}

}  // namespace
}  // namespace tidegate::relay
