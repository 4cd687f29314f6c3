// Subscribing by pattern, the relay's part: what stands in the directory and since when, who may
// read it, and that whoever follows it misses nothing of a channel that it did not know.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

constexpr char kDirectory[] = "$channels";

std::string pattern_filter(std::string_view text) {
  return R"({"pattern":")" + std::string(text) + "\"}";
}

/// The value of a member of the record, as it stands between quotes.
std::string member(std::string_view record, std::string_view name) {
  const std::string begin = '"' + std::string(name) + "\":\"";
  const std::size_t at = record.find(begin) + begin.size();
  return std::string(record.substr(at, record.find('"', at) - at));
}

StreamPosition position_in(std::string_view record) {
  return {*Epoch::parse(member(record, "epoch")), Offset{std::stoull(member(record, "offset"))}};
}

/// Follows a pattern as the SDK does: subscribes to each channel that its directory names, from the
/// position that stands there, each on a connection of its own so that read() is of one channel.
class Follower {
 public:
  Follower(RelayWorld& world, std::uint16_t shard, std::string_view pattern)
      : world_(world), directory_(world.connect(shard)) {
    directory_.subscribe_filtered(kDirectory, pattern_filter(pattern));
  }

  void follow() {
    for (const HeardBlock& block : directory_.all<HeardBlock>()) {
      for (const Row& row : block.rows) {
        if (row.operation != Operation::Set || readers_.count(row.key) > 0) continue;
        TestClient& reader = world_.connect(directory_.shard());
        reader.subscribe_filtered(row.key, "{}", position_in(row.payload));
        readers_.emplace(row.key, &reader);
      }
    }
  }
  TestClient& directory() { return directory_; }
  std::map<std::string, std::string> read() const {
    std::map<std::string, std::string> read;
    for (const auto& [channel, reader] : readers_) read[channel] = reader->read();
    return read;
  }

 private:
  RelayWorld& world_;
  TestClient& directory_;
  std::map<std::string, TestClient*> readers_;
};

/// A listed channel that is owned by another shard than the directory.
std::string elsewhere(const RelayWorld& world) {
  std::string name = "listed:a";
  while (world.owner(name) == world.owner(kDirectory)) ++name.back();
  return name;
}

TEST(ChannelDirectory, AChannelStandsInItBeforeItsFirstPublicationIsAppended) {
  RelayWorld world(2);
  const std::string name = elsewhere(world);
  Follower follower(world, 0, "listed:*");
  std::vector<std::string> appended;
  world.on_store = [&](std::uint16_t, const RelayEffect& effect) {
    if (const auto* append = std::get_if<StoreAppend>(&effect)) {
      appended.push_back(append->key->channel.str());
    }
    return false;
  };
  world.hold_mail = true;
  const std::uint64_t number = world.publish(name, draft("1"), world.owner(name));
  EXPECT_TRUE(appended.empty()) << "the directory has not been heard yet";
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(appended, (std::vector<std::string>{kDirectory, name}));
  const StreamPosition position = world.answer(number)->position;
  EXPECT_EQ(follower.directory().records(), name + "={\"epoch\":\"" + position.epoch.token() +
                                                "\",\"offset\":\"0\",\"segments\":[\"listed\",\"" +
                                                name.back() + "\"]}");
  follower.follow();
  EXPECT_EQ(follower.read().at(name), "1") << "from before the first";
  world.publish(name, draft("2"));
  EXPECT_EQ(appended.size(), 3U) << "listed once";
  EXPECT_EQ(follower.read().at(name), "1 2");
}

TEST(ChannelDirectory, APatternNamesTheChannelsThatItMatches) {
  RelayWorld world;
  const auto named_by = [&](std::string_view pattern) {
    TestClient& reader = world.connect();
    reader.subscribe_filtered(kDirectory, pattern_filter(pattern));
    std::set<std::string> names;
    for (const HeardBlock& block : reader.all<HeardBlock>()) {
      for (const Row& row : block.rows) names.insert(row.key);
    }
    return names;
  };
  for (const char* name : {"listed:a", "listed:b", "listed:a:x", "listed:b:x", "open:a"}) {
    world.publish(name, draft("1"));
  }
  using Names = std::set<std::string>;
  EXPECT_EQ(named_by("listed:*"), (Names{"listed:a", "listed:b"}));
  EXPECT_EQ(named_by("listed:{one}:x"), (Names{"listed:a:x", "listed:b:x"}));
  EXPECT_EQ(named_by("listed:a"), (Names{"listed:a"}));
  EXPECT_EQ(named_by("*:b:**"), (Names{"listed:b:x"}));
  EXPECT_EQ(named_by("**"), (Names{"listed:a", "listed:b", "listed:a:x", "listed:b:x"}));
}

TEST(ChannelDirectory, OnlyThoseWhoMaySubscribeToAllOfThePattern) {
  RelayWorld world;
  auto claims = full_claims("bob");
  claims->capabilities.front().channels = {pattern("listed:*"), pattern("listed:a:**")};
  world.tokens.insert_or_assign("bob", ClaimsPtr(claims));
  TestClient& bob = world.connect_silent();
  bob.hello("bob");
  for (const char* allowed : {"listed:*", "listed:a", "listed:a:*", "listed:a:**"}) {
    bob.subscribe_filtered(kDirectory, pattern_filter(allowed));
    EXPECT_TRUE(bob.all<RefusedFrame>().empty()) << allowed;
  }
  for (const char* forbidden : {"listed:**", "*:a", "open:*", "**"}) {
    bob.heard.clear();
    bob.subscribe_filtered(kDirectory, pattern_filter(forbidden));
    ASSERT_EQ(bob.all<RefusedFrame>().size(), 1U) << forbidden;
    EXPECT_EQ(bob.last<RefusedFrame>().error.code, ErrorCode::Forbidden);
    EXPECT_NE(bob.last<RefusedFrame>().error.message.find(forbidden), std::string::npos);
  }
}

// Its history is long over, so the reader is told how things are, and not of what it may not know:
// no channel of others by a delete, nor by where a page ends.
TEST(ChannelDirectory, WhoWasAwayForLongIsToldOfItsOwnChannelsAlone) {
  RelayConfig config = test_config();
  config.directory.history.count = 5;
  RelayWorld world(1, config);
  world.publish("listed:a:1", draft("1"));
  TestClient& bob = world.connect();
  bob.subscribe_filtered(kDirectory, pattern_filter("listed:a:*"));
  const Epoch epoch = bob.last<SubscribedFrame>().start.epoch;
  bob.disconnect();
  for (int i = 0; i < 100; ++i) {
    world.publish("listed:secret:" + std::to_string(i), draft("1"));
  }
  world.publish("listed:a:2", draft("1"));
  TestClient& back = world.connect();
  back.subscribe_filtered(kDirectory, pattern_filter("listed:a:*"),
                          StreamPosition{epoch, Offset{1}});
  EXPECT_EQ(back.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
  std::set<std::string> names;
  for (const HeardBlock& block : back.all<HeardBlock>()) {
    for (const Row& row : block.rows) names.insert(row.key);
    EXPECT_EQ(block.until.find("secret"), std::string::npos);
  }
  EXPECT_EQ(names, (std::set<std::string>{"listed:a:1", "listed:a:2"}));
}

TEST(ChannelDirectory, TooManyPatternsAreRefusedForTheMoment) {
  RelayWorld world;
  std::size_t followed = 0;
  std::vector<TestClient*> clients;
  while (followed <= limits::patterns_per_tenant_max) {
    TestClient& client = *clients.emplace_back(&world.connect());
    for (std::size_t i = 0; i < limits::subscriptions_per_connection_max &&
                            followed <= limits::patterns_per_tenant_max;
         ++i, ++followed) {
      client.subscribe_filtered(kDirectory,
                                pattern_filter("listed:" + std::to_string(followed) + ":*"));
    }
  }
  EXPECT_EQ(clients.back()->last<RefusedFrame>().error.code, ErrorCode::Busy);
  EXPECT_NE(clients.back()->last<RefusedFrame>().error.message.find("patterns_per_tenant_max"),
            std::string::npos);
  clients.front()->disconnect();
  clients.back()->subscribe_filtered(kDirectory, pattern_filter("listed:late:*"));
  EXPECT_EQ(clients.back()->all<RefusedFrame>().size(), 1U);
}

TEST(ChannelDirectory, APatternOfWhichNothingIsEverListedIsRefused) {
  RelayWorld world;
  TestClient& reader = world.connect();
  for (const char* pattern : {"open:*", "open:**", "nowhere:*"}) {
    reader.heard.clear();
    reader.subscribe_filtered(kDirectory, pattern_filter(pattern));
    ASSERT_EQ(reader.all<RefusedFrame>().size(), 1U) << pattern;
    EXPECT_EQ(reader.last<RefusedFrame>().error.code, ErrorCode::Unsupported);
    EXPECT_NE(reader.last<RefusedFrame>().error.message.find("listed = true"), std::string::npos);
  }
}

TEST(ChannelDirectory, WithoutAPatternItIsNotRead) {
  RelayWorld world;
  TestClient& reader = world.connect();
  for (const char* filter : {"", "{}", "[]", "7", R"({"pattern":7})", R"({"key":"listed:*"})", "{",
                             R"({"pattern":"a","b":1})", R"({"pattern":"a::b"})"}) {
    reader.heard.clear();
    reader.subscribe_filtered(kDirectory, filter);
    ASSERT_EQ(reader.all<RefusedFrame>().size(), 1U) << filter;
    EXPECT_EQ(reader.last<RefusedFrame>().error.code, ErrorCode::BadRequest) << filter;
  }
}

TEST(ChannelDirectory, NobodyButTheRelayPublishesThere) {
  RelayWorld world;
  TestClient& client = world.connect();
  client.publish(kDirectory, operation(Operation::Set, "listed:a", "{}"));
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Forbidden);
  const std::uint64_t number =
      world.publish(kDirectory, operation(Operation::Set, "listed:a", "{}"));
  EXPECT_EQ(world.answer(number).error().code, ErrorCode::Forbidden);
}

TEST(ChannelDirectory, TenantsSeeTheirOwn) {
  RelayWorld world;
  world.publish("listed:a", draft("1"));
  auto claims = full_claims("eve");
  claims->tenant = "other";
  world.tokens.insert_or_assign("eve", ClaimsPtr(claims));
  TestClient& eve = world.connect_silent();
  eve.hello("eve");
  eve.subscribe_filtered(kDirectory, pattern_filter("**"));
  EXPECT_EQ(eve.all<SubscribedFrame>().size(), 1U);
  EXPECT_EQ(eve.records(), "");
}

TEST(ChannelDirectory, AFullOneRefusesNewChannelsAndNamesTheLimit) {
  RelayConfig config = test_config();
  config.directory.records.count = 2;
  RelayWorld world(1, config);
  EXPECT_TRUE(world.answer(world.publish("listed:a", draft("1"))).ok());
  EXPECT_TRUE(world.answer(world.publish("listed:b", draft("1"))).ok());
  const auto refused = world.answer(world.publish("listed:c", draft("1")));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::LimitExceeded);
  EXPECT_NE(refused.error().message.find("listed_channels_max"), std::string::npos);
  EXPECT_TRUE(world.answer(world.publish("listed:a", draft("2"))).ok()) << "those that stand there";
}

TEST(ChannelDirectory, ADirectoryThatDoesNotAnswerIsAskedAgain) {
  RelayWorld world;
  bool broken = true;
  world.on_store = [&](std::uint16_t, const RelayEffect& effect) {
    const auto* append = std::get_if<StoreAppend>(&effect);
    return broken && append != nullptr && append->key->channel.is_directory();  // lost
  };
  const std::uint64_t number = world.publish("listed:a", draft("1"));
  world.advance(limits::append_timeout - 1s);
  EXPECT_TRUE(world.answers.find(number) == world.answers.end());
  broken = false;
  world.advance(limits::publish_deadline);
  world.advance(limits::store_retry_delay_max);
  const std::uint64_t second = world.publish("listed:a", draft("2"));
  world.advance(1s);
  EXPECT_TRUE(world.answer(second).ok());
  Follower follower(world, 0, "listed:*");
  follower.follow();
  EXPECT_EQ(follower.read().count("listed:a"), 1U);
}

TEST(ChannelDirectory, AStreamThatIsAnotherOneIsListedAnew) {
  RelayWorld world(2);
  const std::string name = elsewhere(world);
  world.publish(name, draft("1"));
  world.lose_store(world.owner(name));
  bool lost = true;  // so that the owner finds out
  world.on_store = [&](std::uint16_t shard, const RelayEffect& effect) {
    if (!std::holds_alternative<StoreAppend>(effect) || shard != world.owner(name)) return false;
    return std::exchange(lost, false);
  };
  const std::uint64_t number = world.publish(name, draft("2"), world.owner(name));
  world.advance(limits::append_timeout + 1s);
  const Result<PublishReceipt> answer = world.answer(number);
  ASSERT_TRUE(answer.ok());
  Follower follower(world, 0, "listed:*");
  follower.follow();
  EXPECT_EQ(follower.read().at(name), "2");
  EXPECT_EQ(position_in(follower.directory().records()).epoch, answer->position.epoch);
}

TEST(ChannelDirectory, AChannelOfWhichNothingIsLeftLeavesIt) {
  RelayWorld world(2);
  const auto listed = [&] {
    TestClient& reader = world.connect();
    reader.subscribe_filtered(kDirectory, pattern_filter("listed:*"));
    return reader.records();
  };
  const std::uint64_t first = world.publish("listed:a", draft("1"));
  ASSERT_NE(listed(), "");
  world.advance(limits::history_age_default + limits::idle_channel_linger * 3);
  EXPECT_EQ(listed(), "");
  world.publish("listed:a", draft("2"));
  EXPECT_EQ(position_in(listed()), world.answer(first)->position) << "all that is left of it";
}

/// What stands in the directory now, for a reader of its own.
std::string listed_in(RelayWorld& world) {
  TestClient& reader = world.connect();
  reader.subscribe_filtered(kDirectory, pattern_filter("**"));
  std::string names;
  for (const HeardBlock& block : reader.all<HeardBlock>()) {
    for (const Row& row : block.rows) names += row.key + ' ';
  }
  reader.disconnect();
  return names;
}

/// Channels of an earlier process: listed, and not aged yet.
void publish_and_restart(RelayWorld& world, int count) {
  for (int n = 0; n < count; ++n) world.publish("listed:" + std::to_string(n), draft("1"));
  world.advance(1min);
  world.restart();
}

TEST(ChannelDirectory, AChannelOfAnEarlierProcessLeavesItThoughNobodyOpensIt) {
  RelayWorld world(3);
  publish_and_restart(world, 4);
  EXPECT_EQ(listed_in(world), "listed:0 listed:1 listed:2 listed:3 ");
  world.advance(limits::history_age_default - 1h);
  EXPECT_EQ(listed_in(world), "listed:0 listed:1 listed:2 listed:3 ") << "history is left";
  world.advance(1h + limits::idle_channel_linger * 2);
  EXPECT_EQ(listed_in(world), "");
}

TEST(ChannelDirectory, ItsWalkOpensAFewChannelsAtATime) {
  RelayWorld world;
  publish_and_restart(world, 200);
  std::size_t opens = 0;
  world.on_store = [&](std::uint16_t, const RelayEffect& effect) {
    opens += std::holds_alternative<StoreOpen>(effect) ? 1U : 0U;
    return false;
  };
  EXPECT_NE(listed_in(world), "");
  EXPECT_EQ(opens, 1U) << "the directory's";
  for (std::size_t passed = 0; passed < 10; ++passed) {
    world.advance(100ms);
    EXPECT_LE(opens, 1U + 16 * (1 + passed / 2)) << passed;
  }
  world.advance(5s);
  EXPECT_EQ(opens, 201U);
  world.advance(15min);
  EXPECT_EQ(opens, 201U) << "those that hold something stay open";
}

TEST(ChannelDirectory, AChannelOfAnEarlierProcessLeavesItWithWhoVisitedIt) {
  RelayWorld world(2);
  publish_and_restart(world, 2);
  world.advance(limits::history_age_default);
  TestClient& visitor = world.connect();
  visitor.subscribe("listed:0");
  visitor.disconnect();
  world.advance(limits::mirror_linger + limits::idle_channel_linger + 5s);
  EXPECT_EQ(listed_in(world), "listed:1 ") << "nobody has looked after the other yet";
}

TEST(ChannelDirectory, AnOwnerThatIsLetGoWhileItIsBeingListedLeavesNoRecord) {
  RelayWorld world(2);
  const std::string name = elsewhere(world);
  bool slow = true;
  StoreAppend last;
  world.on_store = [&](std::uint16_t, const RelayEffect& effect) {
    const auto* append = std::get_if<StoreAppend>(&effect);
    if (!slow || append == nullptr || !append->key->channel.is_directory()) return false;
    last = *append;
    return true;
  };
  const std::uint64_t number = world.publish(name, draft("1"));
  const RelayShard& shard = world.shard(world.owner(name));
  for (int seconds = 0; shard.channel_count() > 0 && seconds < 300; ++seconds) world.advance(1s);
  EXPECT_EQ(world.answer(number).error().code, ErrorCode::Unavailable);
  EXPECT_EQ(shard.channel_count(), 0U);
  world.store(world.owner(kDirectory)).append(last);  // what it asked for comes about only now
  slow = false;
  world.advance(limits::append_timeout + limits::store_retry_delay_max);
  EXPECT_EQ(listed_in(world), "");
  EXPECT_TRUE(world.answer(world.publish(name, draft("2"))).ok());
  EXPECT_EQ(listed_in(world), name + ' ');
}

TEST(ChannelDirectory, WhoVisitsAChannelOfWhichNothingIsLeftWritesNothingToIt) {
  RelayWorld world(2);
  world.publish("listed:a", draft("1"));
  world.advance(limits::history_age_default + limits::idle_channel_linger * 3);
  ASSERT_EQ(listed_in(world), "");
  std::size_t appends = 0;
  world.on_store = [&](std::uint16_t, const RelayEffect& effect) {
    appends += std::holds_alternative<StoreAppend>(effect) ? 1U : 0U;
    return false;
  };
  for (const char* name : {"listed:a", "listed:never"}) {
    TestClient& visitor = world.connect();
    visitor.subscribe(name);
    visitor.disconnect();
    world.advance(limits::mirror_linger + limits::idle_channel_linger * 3);
  }
  world.advance(limits::history_age_default + limits::idle_channel_linger * 3);
  EXPECT_EQ(appends, 0U);
  EXPECT_EQ(world.shard(0).channel_count() + world.shard(1).channel_count(), 0U);
}

TEST(ChannelDirectory, ChannelsThatAreNoLongerListedLeaveIt) {
  RelayWorld world(2);
  world.publish("listed:a", draft("1"));
  RelayConfig config = test_config();
  for (Namespace& one : config.namespaces) one.listed = one.pattern.text() == "thin:**";
  world.restart(config);
  EXPECT_EQ(listed_in(world), "listed:a ");
  world.advance(11min);
  EXPECT_EQ(listed_in(world), "") << "though it has history";

  RelayWorld without(2);
  without.publish("listed:a", draft("1"));
  std::erase_if(config.namespaces,
                [](const Namespace& one) { return one.pattern.text() == "listed:**"; });
  without.restart(config);
  EXPECT_EQ(listed_in(without), "listed:a ");
  without.advance(1min);
  EXPECT_EQ(listed_in(without), "");
}

TEST(ChannelDirectory, AChannelThatTheStoreCannotReadIsNotTakenForAnEmptyOne) {
  RelayWorld world(2);
  const std::string name = elsewhere(world);
  world.publish(name, draft("1"));
  world.restart();
  bool broken = true;
  world.on_store = [&](std::uint16_t shard, const RelayEffect& effect) {
    return broken && shard == world.owner(name) && std::holds_alternative<StoreOpen>(effect);
  };
  EXPECT_EQ(listed_in(world), name + ' ');
  world.advance(limits::idle_channel_linger * 5);
  broken = false;
  world.advance(15min);
  EXPECT_EQ(listed_in(world), name + ' ');
  world.advance(limits::history_age_default);
  EXPECT_EQ(listed_in(world), "");
}

TEST(ChannelDirectory, WhoFollowsItMissesNothingHoweverMessagesAreInterleaved) {
  constexpr std::uint64_t kSeeds = 200;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RelayWorld world(3);
    world.shuffle = Prng(seed);
    Prng prng(seed);
    Follower follower(world, static_cast<std::uint16_t>(prng.below(3)), "listed:**");
    std::map<std::string, std::string> published;
    world.hold_mail = true;
    for (int n = 0; n < 60; ++n) {
      const std::string name = "listed:" + std::to_string(prng.below(8));
      std::string& all = published[name];
      all += (all.empty() ? "" : " ") + std::to_string(n);
      world.publish(name, draft(std::to_string(n)), 0);  // by one shard: so their order is known
      for (std::uint64_t moves = prng.below(12); moves > 0; --moves) world.deliver_some();
      follower.follow();
    }
    world.hold_mail = false;
    world.run();
    follower.follow();
    ASSERT_EQ(follower.read(), published);
  }
}

TEST(ChannelDirectory, APositionOfALogIsGoodForEachOfItsFilters) {
  RelayWorld world;
  const Epoch epoch = world.answer(world.publish("short:a", draft(R"({"n":1})")))->position.epoch;
  for (const char* json : {R"({"n":2})", R"({"n":3})"}) world.publish("short:a", draft(json));
  TestClient& reader = world.connect();
  reader.subscribe_filtered("short:a", R"({"n":{"gt":1}})", StreamPosition{epoch, Offset{1}});
  EXPECT_EQ(reader.last<SubscribedFrame>().reason, SnapshotReason::AnotherView);
  EXPECT_EQ(reader.last<SubscribedFrame>().start.offset, Offset{1});
  EXPECT_EQ(reader.read(), R"({"n":2} {"n":3})");
  for (int n = 4; n < 10; ++n) world.publish("short:a", draft("{\"n\":" + std::to_string(n) + "}"));
  TestClient& late = world.connect();
  late.subscribe_filtered("short:a", R"({"n":{"gt":1}})", StreamPosition{epoch, Offset{1}});
  EXPECT_EQ(late.last<SubscribedFrame>().reason, SnapshotReason::HistoryExceeded);
  TestClient& ahead = world.connect();
  ahead.subscribe_filtered("short:a", R"({"n":{"gt":1}})", StreamPosition{epoch, Offset{99}});
  EXPECT_EQ(ahead.last<SubscribedFrame>().reason, SnapshotReason::PositionUnknown);
  // Records of another view are not taken away by a replay: they are given anew.
  const auto state = world.publish("state:a", operation(Operation::Set, "k", R"({"n":1})"));
  TestClient& records = world.connect();
  records.subscribe_filtered("state:a", R"({"n":1})", world.answer(state)->position);
  EXPECT_EQ(records.last<SubscribedFrame>().reason, SnapshotReason::EpochChanged);
}

}  // namespace
}  // namespace tidegate::relay
