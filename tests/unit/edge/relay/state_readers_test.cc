// What readers of records may ask for together, and what the relay counts of them.
#include "core/base/limits.h"
#include "core/filter/filter.h"
#include "core/merge/record_digest.h"
#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

class StateReadersTest : public testing::Test {
 protected:
  RelayWorld world{2};
};

TEST_F(StateReadersTest, TooManyFiltersOnOneChannelAreRefusedForTheMoment) {
  TestClient& client = world.connect();
  for (std::size_t i = 0; i <= limits::filters_per_channel_max; ++i) {
    client.subscribe_filtered("state:a", "{\"n\":" + std::to_string(i) + "}");
  }
  EXPECT_EQ(client.all<SubscribedFrame>().size(), limits::filters_per_channel_max);
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Busy);
  client.disconnect();
  TestClient& next = world.connect(0, "next");
  next.subscribe_filtered("state:a", "{\"n\":0}");
  EXPECT_EQ(next.all<SubscribedFrame>().size(), 1U);
}

TEST_F(StateReadersTest, FiltersThatAreTooMuchWorkTogetherAreRefusedForTheMoment) {
  TestClient& client = world.connect();
  const auto costly = [](std::size_t n) {
    std::string conditions;
    for (std::size_t i = 0; i + 4 < limits::filter_terms_max; ++i) {
      conditions += "\"/a" + std::to_string(i) + "/b\":1,";
    }
    return "{" + conditions + "\"n\":" + std::to_string(n) + "}";
  };
  const std::size_t cost = Filter::parse(costly(0))->cost();
  const std::size_t room = limits::filter_cost_per_channel_max / cost;
  ASSERT_LT(room, limits::filters_per_channel_max);
  for (std::size_t n = 0; n < room; ++n) {
    client.subscribe_filtered("state:a", costly(n));
  }
  EXPECT_EQ(client.all<SubscribedFrame>().size(), room);
  client.subscribe_filtered("state:a", costly(room));
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Busy);
  EXPECT_NE(client.last<RefusedFrame>().error.message.find("filter_cost_per_channel_max"),
            std::string::npos);
  TestClient& next = world.connect(0, "next");
  next.subscribe_filtered("state:a", costly(0));
  EXPECT_EQ(next.all<SubscribedFrame>().size(), 1U) << "who asks the same costs nothing more";
  next.subscribe_filtered("state:b", costly(room));
  EXPECT_EQ(next.all<SubscribedFrame>().size(), 2U) << "another channel has room of its own";
}

// The simulator's seed 195 of 1206ad8^: only blocks for all who keep pace stated digests, and what
// a paced reader held wrongly it held for ever.
TEST_F(StateReadersTest, APacedReaderAndASlowOneAreToldWhatTheirRecordsSumUpTo) {
  world.publish("state:a", operation(Operation::Set, "a", "1"));
  TestClient& paced = world.connect();
  paced.subscribe_paced("state:a", 2s);
  TestClient& slow = world.connect(0, "slow");
  slow.subscribe("state:a");
  slow.stalled = true;
  world.publish("state:a", operation(Operation::Set, "b", "1"));  // its tick, and a full socket
  world.advance(100ms);
  std::uint64_t sum = 0;
  for (const char* key : {"a", "b", "c", "d"}) {
    sum += record_digest(key, PayloadKind::Json, as_bytes("1"));
  }
  for (const char* key : {"c", "d"}) {
    world.publish("state:a", operation(Operation::Set, key, "1"));
    world.advance(100ms);
  }
  for (TestClient* one : {&paced, &slow}) one->heard.clear();
  world.writable(slow);
  world.advance(2s);
  for (TestClient* one : {&paced, &slow}) {
    ASSERT_EQ(one->all<HeardBlock>().size(), 1U);
    EXPECT_FALSE(one->last<HeardBlock>().shape.records) << "what was published, not pages";
    EXPECT_EQ(one->last<HeardBlock>().digest, sum);
  }
}

TEST_F(StateReadersTest, WhoAsksForAllOnceMoreHasFoundItsRecordsToDiffer) {
  world.publish("state:a", operation(Operation::Set, "a", "1"));
  TestClient& client = world.connect();
  const auto repairs = [&] { return world.shard().counters().repairs_asked; };
  client.subscribe("state:a");
  const auto subscribed = client.last<SubscribedFrame>();
  client.subscribe("state:a", StreamPosition{subscribed.start.epoch, subscribed.target});
  client.subscribe_filtered("state:a", R"({"n":1})");
  EXPECT_EQ(repairs(), 0U) << "who goes on from its position, or reads something else, has not";
  client.subscribe("state:a");
  EXPECT_EQ(repairs(), 1U);
  client.subscribe("room:a");
  client.subscribe("room:a");
  TestClient& other = world.connect(0, "other");
  other.subscribe("state:a");
  EXPECT_EQ(repairs(), 1U) << "nor has who reads a log, or asks on another connection";
}

}  // namespace
}  // namespace tidegate::relay
