// Other rules for a relay that is running: they hold for what is there and for what comes, and
// nobody is disconnected or begins anew.
#include <gtest/gtest.h>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

class Reconfigure : public ::testing::Test {
 protected:
  Namespace& rules(std::string_view sample) {
    return *const_cast<Namespace*>(config.namespace_of(channel(sample)));
  }
  /// One shard after the other, as in the relay, with whatever happens in between.
  template <typename Meanwhile>
  void apply(Meanwhile&& meanwhile) {
    const auto shared = std::make_shared<const RelayConfig>(config);
    world.shard(0).reconfigure(world.now, shared);
    world.run();
    meanwhile();
    world.shard(1).reconfigure(world.now, shared);
    world.run();
  }
  void apply() {
    apply([] {});
  }
  std::string history(std::string_view name) {
    TestClient& late = world.connect();
    late.subscribe(name, std::nullopt, kHistoryAll);
    return late.read();
  }

  RelayConfig config = test_config();
  RelayWorld world{2};
};

TEST_F(Reconfigure, AHistoryIsCutToItsNewBoundsAndReadersGoOn) {
  TestClient& reader = world.connect(1);
  reader.subscribe("open:a");
  for (int n = 1; n <= 6; ++n) world.publish("open:a", draft(std::to_string(n)));
  rules("open:a").history.count = 2;
  apply([&] { world.publish("open:a", draft("7")); });
  world.publish("open:a", draft("8"));
  EXPECT_EQ(reader.read(), "1 2 3 4 5 6 7 8");
  EXPECT_EQ(reader.all<SubscribedFrame>().size(), 1U);
  EXPECT_FALSE(reader.closed.has_value());
  EXPECT_EQ(history("open:a"), "7 8");
}

TEST_F(Reconfigure, ALimitThatIsRaisedHoldsAtOnce) {
  for (const char* key : {"a", "b", "c"}) {
    world.publish("few:a", operation(Operation::Set, key, "1"));
  }
  const auto set = [&] { return world.publish("few:a", operation(Operation::Set, "d", "1")); };
  EXPECT_EQ(world.answer(set()).error().code, ErrorCode::LimitExceeded);
  rules("few:a").records.count = 4;
  apply();
  EXPECT_TRUE(world.answer(set()).ok());
}

TEST_F(Reconfigure, RightsAreThoseOfTheNewRules) {
  TestClient& client = world.connect();
  client.publish("open:a", "1");
  EXPECT_EQ(client.all<PublishAckFrame>().size(), 1U);
  rules("open:a").publish = PublishRight::Server;
  rules("server:a").publish = PublishRight::Capability;
  apply();
  client.publish("open:a", "2");
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Forbidden);
  client.publish("server:a", "3");
  EXPECT_EQ(client.all<PublishAckFrame>().size(), 2U);
}

TEST_F(Reconfigure, ChannelsThatBecomeListedStandInTheDirectoryFromTheirNextPublish) {
  world.publish("open:a", draft("1"));
  rules("open:a").listed = true;
  apply();
  const auto number = world.publish("open:a", draft("2"));
  TestClient& reader = world.connect();
  reader.subscribe_filtered("$channels", R"({"pattern":"open:*"})");
  EXPECT_NE(reader.records().find("open:a="), std::string::npos);
  EXPECT_EQ(world.answer(number)->position.offset, Offset{2});
}

TEST_F(Reconfigure, ChannelsThatAreListedNoMoreLeaveTheDirectorySoon) {
  for (const char* name : {"listed:a", "listed:b", "listed:c"}) world.publish(name, draft("1"));
  world.advance(1min);  // the first walk is over
  TestClient& reader = world.connect();
  reader.subscribe_filtered("$channels", R"({"pattern":"listed:*"})");
  ASSERT_NE(reader.records(), "");
  rules("listed:a").listed = false;
  apply();
  world.advance(2s);
  EXPECT_EQ(reader.records(), "");
}

TEST_F(Reconfigure, AChannelWithoutANamespaceIsStillReadByThoseWhoDo) {
  TestClient& reader = world.connect(1);
  reader.subscribe("open:a");
  world.publish("open:a", draft("1"));
  std::erase_if(config.namespaces,
                [](const Namespace& one) { return one.pattern.text() == "open:**"; });
  apply();
  EXPECT_EQ(world.answer(world.publish("open:a", draft("2"))).error().code,
            ErrorCode::UnknownNamespace);
  EXPECT_EQ(reader.read(), "1");
  EXPECT_FALSE(reader.closed.has_value());
  TestClient& late = world.connect();
  late.subscribe("open:a");
  EXPECT_EQ(late.last<RefusedFrame>().error.code, ErrorCode::UnknownNamespace);
}

TEST_F(Reconfigure, WhatIsNotKnownEverywhereYetIsToBeTriedAgain) {
  Namespace added{pattern("new:**"), ChannelKind::State, {}, PublishRight::Capability};
  config.namespaces.push_back(added);
  std::string name = "new:a";
  while (world.owner(name) != 1) ++name.back();
  TestClient& client = world.connect(0);
  apply([&] {
    client.subscribe(name);
    EXPECT_TRUE(is_temporary(client.last<RefusedFrame>().error.code));
    client.publish(name, operation(Operation::Set, "k", "1"));
    EXPECT_TRUE(is_temporary(client.last<RefusedFrame>().error.code));
    EXPECT_EQ(client.all<RefusedFrame>().size(), 2U);
  });
  client.subscribe(name);
  client.publish(name, operation(Operation::Set, "k", "1"));
  EXPECT_EQ(client.records(), "k=1");
}

TEST_F(Reconfigure, RecordsLiveAsLongAsTheNewRulesSay) {
  world.publish("state:a", operation(Operation::Set, "k", "1"));
  TestClient& reader = world.connect();
  reader.subscribe("state:a");
  rules("state:a").record_ttl = 3s;
  apply();
  world.advance(2s);
  EXPECT_EQ(reader.records(), "k=1");
  world.advance(3s);
  EXPECT_EQ(reader.records(), "");
}

TEST_F(Reconfigure, AsManyKeysAreRememberedAsTheNewRulesSay) {
  for (const char* key : {"a", "b", "c"}) world.publish("open:a", draft("1", key));
  config.idempotency_window_entries = 2;
  apply();
  world.publish("open:a", draft("1", "d"));
  EXPECT_EQ(world.answer(world.publish("open:a", draft("1", "c")))->outcome,
            PublishOutcome::Duplicate);
  EXPECT_EQ(world.answer(world.publish("open:a", draft("1", "a")))->outcome,
            PublishOutcome::Applied);
}

}  // namespace
}  // namespace tidegate::relay
