// Several shards: mirrors, messages between shards delayed and interleaved, each pair in order.
#include <gtest/gtest.h>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

TEST(MultiShard, APublicationCrossesOncePerShardAndReachesEverybody) {
  RelayWorld world(3);
  std::vector<TestClient*> clients;
  for (std::uint16_t n = 0; n < 30; ++n) {
    clients.push_back(&world.connect(n % 3));
    clients.back()->subscribe("open:a");
  }
  world.transmits.clear();
  clients[0]->publish("open:a", "1");
  clients[1]->publish("open:a", "2");
  clients[2]->publish("open:a", "3");
  for (const TestClient* client : clients) EXPECT_EQ(client->read(), "1 2 3");
  for (int n = 0; n < 3; ++n)
    EXPECT_EQ(clients[static_cast<std::size_t>(n)]->all<PublishAckFrame>().size(), 1U);
  std::size_t owned = 0;
  for (std::uint16_t shard = 0; shard < 3; ++shard) owned += world.shard(shard).channel_count();
  EXPECT_EQ(owned, 1U);
  EXPECT_EQ(world.shard(world.owner("open:a")).channel_count(), 1U);
}

TEST(MultiShard, FromOutsideIsAnsweredOnTheShardThatWasAsked) {
  RelayWorld world(3);
  for (std::uint16_t shard = 0; shard < 3; ++shard) {
    const std::uint64_t number = world.publish("open:a", draft("1"), shard);
    EXPECT_EQ(world.answer(number)->position.offset.value, shard + 1U);
  }
}

TEST(MultiShard, APositionThatIsAheadOfTheMirrorIsAskedOfTheOwner) {
  RelayWorld world(2);
  const std::uint16_t owner = world.owner("open:a");
  const auto other = static_cast<std::uint16_t>(1 - owner);
  TestClient& behind = world.connect(other);
  behind.subscribe("open:a");
  TestClient& near = world.connect(owner);
  near.subscribe("open:a");
  const Epoch epoch = near.last<SubscribedFrame>().start.epoch;
  // The owner's answer to the mirror is under way while a client that has already seen the
  // publication at the owner's shard comes back at the mirror's.
  world.hold_mail = true;
  world.publish("open:a", draft("1"), owner);
  ASSERT_EQ(near.read(), "1");
  TestClient& moved = world.connect(other);
  moved.subscribe("open:a", StreamPosition{epoch, Offset{1}});
  EXPECT_TRUE(moved.all<SubscribedFrame>().empty()) << "not called regressed by the mirror alone";
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(moved.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
  EXPECT_EQ(behind.read(), "1");
  EXPECT_EQ(moved.read(), "");
}

TEST(MultiShard, ASignalIsNotGivenTwiceByAMirrorThatLags) {
  RelayWorld world(2);
  const std::uint16_t owner = world.owner("signal:a");
  const auto other = static_cast<std::uint16_t>(1 - owner);
  world.connect(other).subscribe("signal:a");
  TestClient& near = world.connect(owner);
  near.subscribe("signal:a");
  const Epoch epoch = near.last<SubscribedFrame>().start.epoch;
  world.hold_mail = true;
  world.publish("signal:a", draft("1"), owner);
  ASSERT_EQ(near.read(), "1");
  TestClient& moved = world.connect(other);
  moved.subscribe("signal:a", StreamPosition{epoch, Offset{1}});
  EXPECT_TRUE(moved.all<SubscribedFrame>().empty()) << "the mirror stands before the position";
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(moved.last<SubscribedFrame>().start.offset, Offset{1});
  world.publish("signal:a", draft("2"), owner);
  EXPECT_EQ(moved.read(), "2");
}

TEST(MultiShard, AQuestionAskedBeforeAClientCameDoesNotAnswerForIt) {
  RelayWorld world(2);
  const std::uint16_t owner = world.owner("open:a");
  const auto other = static_cast<std::uint16_t>(1 - owner);
  TestClient& first = world.connect(other);
  first.subscribe("open:a");
  const Epoch epoch = first.last<SubscribedFrame>().start.epoch;
  TestClient& regressed = world.connect(other);
  TestClient& moved = world.connect(other);
  world.hold_mail = true;
  regressed.subscribe("open:a", StreamPosition{epoch, Offset{9}});  // asks
  world.deliver(other, owner);                                      // the owner answers: top 0
  world.publish("open:a", draft("1"), owner);
  moved.subscribe("open:a", StreamPosition{epoch, Offset{1}});  // right, but not in that answer
  world.deliver(owner, other);
  EXPECT_EQ(regressed.last<SubscribedFrame>().reason, SnapshotReason::PositionUnknown);
  EXPECT_TRUE(moved.all<SubscribedFrame>().empty());
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(moved.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
}

TEST(MultiShard, AQuestionWhileABatchLargerThanHistoryIsUnderWayCostsNobodyAReset) {
  RelayWorld world(2);
  const std::uint16_t owner = world.owner("short:a");
  const auto other = static_cast<std::uint16_t>(1 - owner);
  TestClient& reader = world.connect(other);
  reader.subscribe("short:a");
  const Epoch epoch = reader.last<SubscribedFrame>().start.epoch;
  TestClient& ahead = world.connect(other);
  world.hold_mail = true;
  std::string expected;
  for (int n = 1; n <= 20; ++n) {
    world.publish("short:a", draft(std::to_string(n)), owner);
    expected += (n == 1 ? "" : " ") + std::to_string(n);
  }
  // The batch is under way and the owner's history has moved on; now the mirror pulls anew.
  ahead.subscribe("short:a", StreamPosition{epoch, Offset{99}});
  world.deliver(owner, other);
  world.deliver(other, owner);
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(reader.read(), expected);
  EXPECT_EQ(reader.all<SubscribedFrame>().size(), 1U) << "no reset";
  EXPECT_EQ(ahead.last<SubscribedFrame>().reason, SnapshotReason::PositionUnknown);
}

TEST(MultiShard, WhatASubscriberWasPromisedIsNotTrimmedBeforeItIsSent) {
  RelayWorld world(2);
  const std::uint16_t owner = world.owner("short:a");
  const auto other = static_cast<std::uint16_t>(1 - owner);
  TestClient& first = world.connect(other);
  first.subscribe("short:a");
  const Epoch epoch = first.last<SubscribedFrame>().start.epoch;
  for (int n = 1; n <= 5; ++n) world.publish("short:a", draft(std::to_string(n)), owner);
  TestClient& back = world.connect(other);
  TestClient& newcomer = world.connect(other);
  world.hold_mail = true;
  for (int n = 6; n <= 10; ++n) world.publish("short:a", draft(std::to_string(n)), owner);
  world.hold_effects = true;
  back.subscribe("short:a", StreamPosition{epoch, Offset{}});  // recovered: all of it is there
  world.deliver(owner, other);                                 // history moves on
  newcomer.subscribe("short:a");
  world.hold_effects = false;
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(back.all<SubscribedFrame>().size(), 1U) << "no reset";
  EXPECT_EQ(back.read(), "1 2 3 4 5 6 7 8 9 10");
}

TEST(MultiShard, ALongHistoryComesInSeveralBatchesAndIsOnlyAnsweredWhenItIsThere) {
  RelayConfig config = test_config();
  config.namespaces[0].history.count = 10'000;
  RelayWorld world(2, config);
  const std::uint16_t owner = world.owner("open:a");
  const std::size_t count = 3 * limits::mirror_batch_entries_max;
  for (std::size_t n = 0; n < count; ++n) world.publish("open:a", draft("1"), owner);
  TestClient& client = world.connect(static_cast<std::uint16_t>(1 - owner));
  client.subscribe("open:a", {}, kHistoryAll);
  ASSERT_EQ(client.all<SubscribedFrame>().size(), 1U);
  EXPECT_EQ(client.last<SubscribedFrame>().target.value, count);
  std::size_t rows = 0;
  for (const HeardBlock& block : client.all<HeardBlock>()) rows += block.rows.size();
  EXPECT_EQ(rows, count);
}

TEST(MultiShard, ASubscribeDuringALongRestartIsAnsweredWhenAllOfItIsThere) {
  RelayConfig config = test_config();
  config.namespaces[0].history.count = 10'000;
  RelayWorld world(2, config);
  const std::uint16_t owner = world.owner("open:a");
  const auto other = static_cast<std::uint16_t>(1 - owner);
  TestClient& bound = world.connect(other);
  bound.subscribe("open:a");
  world.lose_store(owner);
  StoreAppend replaced;  // another stream, longer than one batch
  replaced.key = std::make_shared<const ChannelKey>(ChannelKey{"t", channel("open:a")});
  replaced.expected_top = world.store(owner).open(*replaced.key)->top;
  for (std::size_t n = 0; n < 2 * limits::mirror_batch_entries_max; ++n) {
    auto record = std::make_shared<LogRecord>();
    auto publication = std::make_shared<Publication>();
    publication->time = world.now.wall;
    publication->payload = {'7'};
    record->publication = publication;
    replaced.records.push_back(record);
  }
  world.store(owner).append(replaced);
  world.hold_mail = true;
  world.publish("open:a", draft("8"), owner);
  world.deliver(owner, other);  // the first batch of the other stream
  TestClient& during = world.connect(other);
  during.subscribe("open:a", {}, 1);
  EXPECT_TRUE(during.all<SubscribedFrame>().empty());
  EXPECT_EQ(bound.last<SubscribedFrame>().reason, SnapshotReason::EpochChanged);
  EXPECT_EQ(bound.last<SubscribedFrame>().target.value, 2 * limits::mirror_batch_entries_max)
      << "where the stream is, not how much of it has come";
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(during.read(), "8");
  EXPECT_EQ(bound.all<SubscribedFrame>().size(), 2U) << "one reset";
  EXPECT_EQ(bound.read().size(), 2 * (2 * limits::mirror_batch_entries_max + 1) - 1);
}

TEST(MultiShard, AMirrorThatClosesAndComesBackIsNotConfusedByOldAnswers) {
  RelayWorld world(2);
  const std::uint16_t owner = world.owner("open:a");
  const auto other = static_cast<std::uint16_t>(1 - owner);
  TestClient& client = world.connect(other);
  client.subscribe("open:a");
  world.hold_mail = true;
  world.publish("open:a", draft("1"), owner);
  client.disconnect();
  world.advance(limits::mirror_linger + 1s);
  TestClient& again = world.connect(other);
  again.subscribe("open:a", {}, kHistoryAll);
  world.publish("open:a", draft("2"), owner);
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(again.read(), "1 2");
  world.publish("open:a", draft("3"), owner);
  EXPECT_EQ(again.read(), "1 2 3");
}

/// Random clients on random shards publish, read, stall, leave and come back with their positions,
/// while messages between shards are delayed and interleaved. Whatever happens: every reader has
/// each publication once, in order.
TEST(MultiShard, RandomInterleavingsLoseAndRepeatNothing) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RelayWorld world(3);
    world.shuffle.emplace(seed);
    Prng prng(seed * 7919);
    std::vector<std::string> names = {"open:a", "open:b", "open:c"};
    std::map<std::string, std::string> published;
    struct Reader {
      TestClient* client = nullptr;
      std::string name;
    };
    std::vector<Reader> readers(8);
    for (Reader& reader : readers) {
      reader.client = &world.connect(static_cast<std::uint16_t>(prng.below(3)));
      reader.name = names[prng.below(3)];
      reader.client->subscribe(reader.name);
    }
    for (int step = 0; step < 200; ++step) {
      Reader& reader = readers[prng.below(readers.size())];
      switch (prng.below(5)) {
        case 0:
          reader.client->stalled = !reader.client->stalled;
          if (!reader.client->stalled) world.writable(*reader.client);
          break;
        case 1:
          world.hold_mail = !world.hold_mail;
          world.run();
          break;
        default: {
          const std::string& name = names[prng.below(3)];
          const std::string text = std::to_string(step);
          world.publish(name, draft(text), static_cast<std::uint16_t>(prng.below(3)));
          break;
        }
      }
      if (prng.one_in(4)) world.deliver_some();
    }
    world.hold_mail = false;
    world.run();
    for (Reader& reader : readers) world.writable(*reader.client);
    for (const std::string& name : names) {
      TestClient& oracle = world.connect(0);
      oracle.subscribe(name, {}, kHistoryAll);
      published[name] = oracle.read();
    }
    for (const Reader& reader : readers) EXPECT_EQ(reader.client->read(), published[reader.name]);
  }
}

}  // namespace
}  // namespace tidegate::relay
