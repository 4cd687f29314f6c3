// Sending: what is shared, what is joined, and what a connection that cannot keep pace gets.
#include <gtest/gtest.h>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

std::string big(std::size_t bytes, char fill = 'x') {
  return "\"" + std::string(bytes - 2, fill) + "\"";
}

class FanOutTest : public testing::Test {
 protected:
  /// Holds the channel's appends until let_go(), so that publications come in one batch.
  void hold() {
    world.on_store = [this](std::uint16_t, const RelayEffect& effect) {
      if (const auto* append = std::get_if<StoreAppend>(&effect)) {
        held.push_back(*append);
        return true;
      }
      return false;
    };
  }
  void let_go() {
    world.on_store = nullptr;
    const std::vector<StoreAppend> appends = std::exchange(held, {});
    for (const StoreAppend& append : appends) {
      world.shard().handle_append_result(world.now, append.id, world.store().append(append));
    }
    world.run();
  }
  RelayWorld world;
  std::vector<StoreAppend> held;
};

TEST_F(FanOutTest, AThousandSubscribersShareOneMessage) {
  std::vector<TestClient*> clients;
  for (int n = 0; n < 1000; ++n) {
    clients.push_back(&world.connect());
    clients.back()->subscribe("open:a");
  }
  world.transmits.clear();
  const RelayCounters before = world.shard().counters();
  world.publish("open:a", draft("1"));
  ASSERT_EQ(world.transmits.size(), 1U);
  EXPECT_EQ(world.transmits[0].connections.size(), 1000U);
  for (const TestClient* client : clients) EXPECT_EQ(client->read(), "1");
  const RelayCounters& after = world.shard().counters();
  EXPECT_EQ(after.blocks_built - before.blocks_built, 1U);
  EXPECT_EQ(after.blocks_shared - before.blocks_shared, 999U);
  EXPECT_EQ(after.publications_delivered - before.publications_delivered, 1000U);
  EXPECT_EQ(after.messages_sent - before.messages_sent, 1000U);
  EXPECT_EQ(after.bytes_sent - before.bytes_sent,
            1000 * world.transmits[0].message->framed().size());
}

TEST_F(FanOutTest, PublicationsOfOneBatchAreOneBlock) {
  TestClient& client = world.connect();
  client.subscribe("open:a");
  world.publish("open:a", draft("0"));
  const std::size_t before = client.messages;
  hold();
  world.publish("open:a", draft("1"));
  for (int n = 2; n <= 16; ++n) world.publish("open:a", draft(std::to_string(n)));
  let_go();  // appended as one and fifteen, both before anything is sent
  EXPECT_EQ(client.messages - before, 1U);
  EXPECT_EQ(client.last<HeardBlock>().rows.size(), 16U);
}

TEST_F(FanOutTest, SeveralChannelsWithNewsAreJoinedForThoseWhoReadSeveral) {
  std::vector<TestClient*> both;
  for (int n = 0; n < 10; ++n) {
    both.push_back(&world.connect());
    both.back()->subscribe("open:a");
    both.back()->subscribe("open:b");
  }
  TestClient& one = world.connect();
  one.subscribe("open:a");
  world.publish("open:a", draft("0"));
  world.publish("open:b", draft("0"));
  hold();
  world.publish("open:a", draft("1"));
  world.publish("open:b", draft("2"));
  world.transmits.clear();
  // Both results come before anything is polled.
  for (const StoreAppend& append : std::exchange(held, {})) {
    world.shard().handle_append_result(world.now, append.id, world.store().append(append));
  }
  world.run();
  ASSERT_EQ(world.transmits.size(), 2U);
  std::map<std::size_t, std::size_t> by_readers;
  for (const Transmit& sent : world.transmits) by_readers[sent.connections.size()]++;
  EXPECT_EQ(by_readers[10], 1U) << "equal joined messages are one";
  EXPECT_EQ(by_readers[1], 1U);
  for (const TestClient* client : both) {
    ASSERT_GE(client->heard.size(), 2U);
    EXPECT_EQ(client->all<HeardBlock>().back().message,
              client->all<HeardBlock>().rbegin()[1].message);
  }
}

TEST_F(FanOutTest, ABlockedConnectionGetsNothingUntilItIsWritableAndThenCatchesUpByBlocks) {
  TestClient& slow = world.connect();
  TestClient& fast = world.connect();
  slow.subscribe("open:a");
  fast.subscribe("open:a");
  slow.stalled = true;
  for (int n = 0; n < 100; ++n) world.publish("open:a", draft(std::to_string(n)));
  EXPECT_EQ(slow.all<HeardBlock>().size(), 1U);
  EXPECT_EQ(fast.all<HeardBlock>().size(), 100U);
  world.writable(slow);
  EXPECT_EQ(slow.all<HeardBlock>().size(), 2U) << "99 publications in one block";
  EXPECT_EQ(slow.read(), fast.read());
  world.publish("open:a", draft("100"));
  EXPECT_EQ(slow.last<HeardBlock>().message, fast.last<HeardBlock>().message) << "shared again";
  EXPECT_EQ(world.shard().counters().connections_blocked, 1U);
}

TEST_F(FanOutTest, AConnectionThatBlocksAgainAndAgainLosesNothing) {
  TestClient& slow = world.connect();
  slow.subscribe("open:a");
  std::string expected;
  for (int n = 0; n < 60; ++n) {
    world.publish("open:a", draft(big(10'000, static_cast<char>('a' + n % 26))));
    expected += (n == 0 ? "" : " ") + big(10'000, static_cast<char>('a' + n % 26));
    if (n % 20 == 19) {
      for (int turn = 0; turn < 3; ++turn) {
        slow.stalled = true;
        world.shard().handle_writable(world.now, slow.handle());
        world.run();
      }
    }
    slow.stalled = true;
  }
  while (slow.read() != expected) {
    const std::size_t before = slow.messages;
    world.writable(slow);
    ASSERT_GT(slow.messages, before);
  }
  EXPECT_LE(slow.message_bytes_max, limits::block_bytes_target + 20'000);
}

TEST_F(FanOutTest, AnswersAreNotKeptWaitingByABacklogOfData) {
  TestClient& slow = world.connect();
  for (const char* channel : {"open:a", "open:b", "open:c"}) slow.subscribe(channel);
  slow.stalled = true;
  for (int n = 0; n < 60; ++n) {
    for (const char* channel : {"open:a", "open:b", "open:c"}) {
      world.publish(channel, draft(big(10'000, 'x')));
    }
  }
  slow.send(PingFrame{7});
  const RequestId publish = slow.publish("open:d", "1");
  slow.stalled = true;
  world.shard().handle_writable(world.now, slow.handle());  // its socket takes one message
  world.run();
  ASSERT_EQ(slow.all<PongFrame>().size(), 1U) << "before what is left of the data";
  ASSERT_EQ(slow.all<PublishAckFrame>().size(), 1U);
  EXPECT_EQ(slow.last<PublishAckFrame>().request, publish);
  const auto rows = [&] {
    std::size_t count = 0;
    for (const HeardBlock& block : slow.all<HeardBlock>()) count += block.rows.size();
    return count;
  };
  EXPECT_LT(rows(), 60U);
  while (rows() < 180) {
    const std::size_t before = slow.messages;
    world.writable(slow);
    ASSERT_GT(slow.messages, before);
  }
}

TEST_F(FanOutTest, BeyondHistoryABlockedConnectionIsResetAndGetsWhatThereIs) {
  TestClient& slow = world.connect();
  slow.subscribe("short:a");
  slow.stalled = true;
  for (int n = 0; n < 50; ++n) world.publish("short:a", draft(std::to_string(n)));
  world.writable(slow);
  const auto reset = slow.last<SubscribedFrame>();
  EXPECT_EQ(reset.request, RequestId::None);
  EXPECT_EQ(reset.outcome, SubscribeOutcome::Snapshot);
  EXPECT_EQ(reset.reason, SnapshotReason::HistoryExceeded);
  EXPECT_EQ(slow.read(), "45 46 47 48 49");
  EXPECT_EQ(world.shard().counters().resets_sent, 1U);
}

TEST_F(FanOutTest, ABurstLargerThanHistoryReachesThoseWhoKeepPace) {
  TestClient& client = world.connect();
  client.subscribe("short:a");
  world.publish("short:a", draft("0"));
  hold();
  std::string expected = "0";
  for (int n = 1; n <= 3000; ++n) {
    world.publish("short:a", draft(std::to_string(n)));
    expected += " " + std::to_string(n);
  }
  let_go();
  EXPECT_EQ(client.read(), expected);
  EXPECT_EQ(client.all<SubscribedFrame>().size(), 1U) << "no reset";
}

TEST_F(FanOutTest, ABurstLargerThanHistoryReachesThoseWhoHaveSomethingOfTheirOwnToBeSent) {
  TestClient& answered = world.connect();  // a pong waits for it when the burst comes
  TestClient& plain = world.connect();
  TestClient& several = world.connect();
  answered.subscribe("short:a");
  plain.subscribe("short:a");
  several.subscribe("short:a");
  several.subscribe("short:b");
  hold();
  std::string expected;
  for (int n = 1; n <= 3000; ++n) {
    world.publish("short:a", draft(std::to_string(n)));
    world.publish("short:b", draft(std::to_string(n)));
    expected += (n == 1 ? "" : " ") + std::to_string(n);
  }
  Bytes ping;
  encode(PingFrame{1}, ping);
  world.shard().handle_message(world.now, answered.handle(), ping);
  let_go();
  EXPECT_EQ(plain.read(), expected);
  EXPECT_EQ(answered.read(), expected);
  EXPECT_EQ(world.shard().counters().resets_sent, 0U);
  std::map<StreamId, std::size_t> rows;
  for (const HeardBlock& block : several.all<HeardBlock>()) rows[block.stream] += block.rows.size();
  for (const auto& [stream, count] : rows) EXPECT_EQ(count, 3000U);
  EXPECT_EQ(rows.size(), 2U);
  // What everybody has been sent is trimmed: a newcomer gets what history promises, no more.
  TestClient& newcomer = world.connect();
  newcomer.subscribe("short:a", {}, kHistoryAll);
  EXPECT_EQ(newcomer.read(), "2996 2997 2998 2999 3000");
}

TEST_F(FanOutTest, ReplaysOfDifferentReadersAreCutAtTheSamePlacesAndShared) {
  for (int n = 0; n < 40; ++n) world.publish("open:a", draft(big(8'000)));
  TestClient& all = world.connect();
  all.subscribe("open:a", {}, kHistoryAll);
  TestClient& some = world.connect();
  some.subscribe("open:a", {}, 30);
  std::set<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const HeardBlock& block : all.all<HeardBlock>()) {
    ranges.insert({block.range.previous.value, block.range.offset.value});
  }
  EXPECT_GE(ranges.size(), 5U);
  std::size_t own = 0;
  for (const HeardBlock& block : some.all<HeardBlock>()) {
    own += ranges.count({block.range.previous.value, block.range.offset.value}) == 0 ? 1U : 0U;
  }
  EXPECT_LE(own, 1U) << "only up to the first cut";
  const RelayCounters& counters = world.shard().counters();
  EXPECT_GE(counters.blocks_shared, some.all<HeardBlock>().size() - 1);
}

TEST_F(FanOutTest, AJoinedMessageKeepsItsLimitAndTurnsAreTaken) {
  TestClient& client = world.connect();
  client.stalled = true;
  client.send(PingFrame{1});
  for (int n = 0; n < 20; ++n) {
    const std::string name = "open:" + std::to_string(n);
    client.subscribe(name, {}, kHistoryAll);
    world.publish(name, draft(big(15'000)));
  }
  world.writable(client);
  EXPECT_LE(client.message_bytes_max, limits::joined_message_bytes_max);
  EXPECT_EQ(client.all<HeardBlock>().size(), 20U);
  EXPECT_GE(client.messages, 6U);
}

TEST_F(FanOutTest, TheAnswerToASubscribeAlwaysPrecedesTheFirstBlockOfItsStream) {
  TestClient& client = world.connect();
  client.stalled = true;
  client.send(PingFrame{1});
  for (int n = 0; n < 900; ++n) {  // more answers than fit into one message
    const std::string name = "open:" + std::string(90, 'n') + std::to_string(n);
    world.publish(name, draft("1"));
    client.subscribe(name, {}, kHistoryAll);
  }
  world.writable(client);
  std::set<StreamId> bound;
  for (const Heard& one : client.heard) {
    if (const auto* subscribed = std::get_if<SubscribedFrame>(&one))
      bound.insert(subscribed->stream);
    const auto* block = std::get_if<HeardBlock>(&one);
    EXPECT_TRUE(block == nullptr || bound.count(block->stream) == 1);
  }
  EXPECT_EQ(client.all<HeardBlock>().size(), 900U);
}

TEST_F(FanOutTest, ASubscriberWhoWasGoneBeforeTheFlushIsNotSentTo) {
  TestClient& gone = world.connect();
  gone.subscribe("open:a");
  TestClient& here = world.connect();
  here.subscribe("open:a");
  hold();
  world.publish("open:a", draft("1"));
  const StoreAppend append = held.front();
  world.shard().handle_append_result(world.now, append.id, world.store().append(append));
  world.shard().handle_disconnected(world.now, gone.handle());
  world.run();
  EXPECT_EQ(gone.read(), "");
  EXPECT_EQ(here.read(), "1");
}

}  // namespace
}  // namespace tidegate::relay
