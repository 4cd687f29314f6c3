// State channels: records, conditions, and readers who are given them as they are: at once, after
// an absence, and while they are slow.
#include "core/base/limits.h"
#include "core/merge/record_digest.h"
#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

class StateTest : public testing::Test {
 protected:
  Result<PublishReceipt> try_to(Operation what, const std::string& key, const std::string& json) {
    return world.answer(world.publish("state:a", operation(what, key, json)));
  }
  Offset set(const std::string& key, const std::string& json) {
    const auto receipt = try_to(Operation::Set, key, json);
    EXPECT_TRUE(receipt.ok());
    return receipt.ok() ? receipt->position.offset : Offset{};
  }
  void merge(const std::string& key, const std::string& json) {
    EXPECT_TRUE(try_to(Operation::Merge, key, json).ok());
  }
  void erase(const std::string& key) { EXPECT_TRUE(try_to(Operation::Delete, key, "").ok()); }
  RelayWorld world{2};
};

TEST_F(StateTest, ALateReaderIsGivenTheRecordsAsTheyAreAndThenWhatChanges) {
  set("b", R"({"x":1,"y":1})");
  set("a", "1");
  merge("b", R"({"set":{"y":2,"z":3},"unset":["x"]})");
  set("c", "3");
  erase("a");
  for (const std::uint16_t shard : {std::uint16_t{0}, std::uint16_t{1}}) {
    TestClient& late = world.connect(shard, "late" + std::to_string(shard));
    late.subscribe("state:a");
    const auto subscribed = late.last<SubscribedFrame>();
    EXPECT_EQ(subscribed.kind, ChannelKind::State);
    EXPECT_EQ(subscribed.outcome, SubscribeOutcome::Snapshot);
    EXPECT_EQ(subscribed.catch_up, CatchUp::Records);
    EXPECT_EQ(late.records(), R"(b={"y":2,"z":3} c=3)");
    EXPECT_TRUE(late.last<HeardBlock>().shape.sweep);
  }
  merge("b", R"({"set":{"y":4}})");
  erase("c");
  TestClient& reader = world.connect(0, "more");
  reader.subscribe("state:a");
  merge("c", R"({"set":{"new":true}})");
  EXPECT_EQ(reader.records(), R"(b={"y":4,"z":3} c={"new":true})");
}

TEST_F(StateTest, ARecordIsOnlyChangedByWhoKnowsItsVersion) {
  const Offset first = set("k", "1");
  PublicationDraft stale = operation(Operation::Set, "k", "2");
  stale.if_version = Offset{first.value + 5};
  const auto refused = world.answer(world.publish("state:a", stale));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::VersionMismatch);
  ASSERT_NE(refused.error().current, nullptr);
  EXPECT_EQ(refused.error().current->version, first.value);
  EXPECT_EQ(refused.error().current->payload, "1");
  stale.if_version = first;
  EXPECT_TRUE(world.answer(world.publish("state:a", stale)).ok());
  stale.if_version = Offset{0};
  EXPECT_EQ(world.answer(world.publish("state:a", stale)).error().code, ErrorCode::VersionMismatch);
  erase("k");
  EXPECT_TRUE(world.answer(world.publish("state:a", stale)).ok()) << "absent is version 0";
}

TEST_F(StateTest, AClientIsToldTheRecordThatStandsInItsWay) {
  const Offset first = set("k", "1");
  TestClient& client = world.connect();
  PublicationDraft draft = operation(Operation::Delete, "k");
  draft.if_version = Offset{99};
  const RequestId request = client.publish("state:a", draft);
  const auto conflict = client.last<PublishConflictFrame>();
  EXPECT_EQ(conflict.request, request);
  EXPECT_EQ(conflict.version, first);
  EXPECT_EQ(as_text(conflict.payload), "1");
  draft.key = "none";
  client.publish("state:a", draft);
  EXPECT_EQ(client.last<PublishConflictFrame>().version, Offset{});
}

TEST_F(StateTest, WhoMayNotReadIsNotToldTheRecord) {
  set("k", "1");
  auto writer = full_claims("writer");
  writer->capabilities[0].allow = static_cast<std::uint8_t>(Action::Publish);
  world.tokens.insert_or_assign("writer", Result<ClaimsPtr>(ClaimsPtr(writer)));
  TestClient& client = world.connect_silent();
  client.hello("writer");
  PublicationDraft draft = operation(Operation::Set, "k", "2");
  draft.if_version = Offset{99};
  client.publish("state:a", draft);
  EXPECT_TRUE(client.all<PublishConflictFrame>().empty());
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::VersionMismatch);
}

TEST_F(StateTest, WhatIsNotAnOperationOnARecordIsRefused) {
  EXPECT_EQ(world.answer(world.publish("state:a", draft("1"))).error().code,
            ErrorCode::Unsupported);
  EXPECT_EQ(try_to(Operation::Merge, "k", R"({"x":1})").error().code, ErrorCode::InvalidPayload);
  set("k", "[1]");
  EXPECT_EQ(try_to(Operation::Merge, "k", R"({"set":{"x":1}})").error().code,
            ErrorCode::InvalidPayload);
  PublicationDraft conditional = draft("1");
  conditional.if_version = Offset{1};
  EXPECT_FALSE(world.answer(world.publish("open:a", conditional)).ok());
}

TEST_F(StateTest, OverItsRecordsAChannelSaysSoAndKeepsWhatItHas) {
  for (const char* key : {"a", "b", "c"}) {
    world.publish("few:a", operation(Operation::Set, key, "1"));
  }
  const auto over = world.answer(world.publish("few:a", operation(Operation::Set, "d", "1")));
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, ErrorCode::LimitExceeded);
  EXPECT_TRUE(world.answer(world.publish("few:a", operation(Operation::Set, "c", "2"))).ok());
  world.publish("few:a", operation(Operation::Delete, "a"));
  EXPECT_TRUE(world.answer(world.publish("few:a", operation(Operation::Set, "d", "1"))).ok());
  TestClient& reader = world.connect();
  reader.subscribe("few:a");
  EXPECT_EQ(reader.records(), "b=1 c=2 d=1");
}

TEST_F(StateTest, OverARecordsBytesAMergeIsRefused) {
  const std::string half(limits::record_bytes_max / 2, 'x');
  set("k", "{\"a\":\"" + half + "\"}");
  const auto over = try_to(Operation::Merge, "k", "{\"set\":{\"b\":\"" + half + "\"}}");
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, ErrorCode::PayloadTooLarge);
}

TEST_F(StateTest, APositionOfAnotherStreamBeginsAnew) {
  set("a", "1");
  TestClient& client = world.connect();
  client.subscribe("state:a", StreamPosition{Epoch::parse("other").value(), Offset{7}});
  const auto answer = client.last<SubscribedFrame>();
  EXPECT_EQ(answer.outcome, SubscribeOutcome::Snapshot);
  EXPECT_EQ(answer.reason, SnapshotReason::EpochChanged);
  EXPECT_EQ(answer.start.offset, Offset{0});
  EXPECT_EQ(client.records(), "a=1");
}

TEST_F(StateTest, ManyRecordsComeInPagesWhileTheyChange) {
  const std::string payload = "\"" + std::string(8000, 'p') + "\"";
  for (int i = 10; i < 60; ++i) set("k" + std::to_string(i), payload);
  TestClient& client = world.connect();
  client.stalled = true;  // its socket is full after each message
  client.subscribe("state:a");
  std::size_t rounds = 0;
  while (client.stalled) {
    set("k10", std::to_string(rounds));  // a page that was sent
    set("k59", std::to_string(rounds));  // one that was not
    erase("k" + std::to_string(11 + rounds));
    world.writable(client);
    client.stalled = ++rounds < 12;
  }
  world.writable(client);
  EXPECT_GT(client.all<HeardBlock>().size(), 5U);
  TestClient& fresh = world.connect(1, "fresh");
  fresh.subscribe("state:a");
  EXPECT_EQ(client.records(), fresh.records());
  EXPECT_TRUE(client.all<SubscribedFrame>().size() == 1) << "no reset is needed";
}

TEST_F(StateTest, ASlowReaderIsGivenEachRecordOnceHoweverOftenItChanged) {
  set("quiet", "0");
  TestClient& slow = world.connect();
  slow.subscribe("state:a");
  slow.stalled = true;
  set("first", "0");  // fills its socket
  for (int i = 0; i < 500; ++i) set("k" + std::to_string(i % 3), std::to_string(i));
  erase("first");
  world.writable(slow);
  EXPECT_EQ(slow.records(), "k0=498 k1=499 k2=497 quiet=0");
  const HeardBlock last = slow.all<HeardBlock>().back();
  EXPECT_TRUE(last.shape.records);
  EXPECT_EQ(last.rows.size(), 4U);
  EXPECT_EQ(slow.all<SubscribedFrame>().size(), 1U);
}

TEST_F(StateTest, AFilteredReaderSeesRecordsComeAndGo) {
  set("a", R"({"status":"open","n":1})");
  set("b", R"({"status":"done","n":2})");
  TestClient& client = world.connect();
  client.subscribe_filtered("state:a", R"({"status":"open"})");
  EXPECT_EQ(client.records(), R"(a={"status":"open","n":1})");
  merge("b", R"({"set":{"status":"open"}})");
  EXPECT_EQ(client.records(), R"(a={"status":"open","n":1} b={"status":"open","n":2})");
  merge("a", R"({"set":{"status":"done"}})");
  EXPECT_EQ(client.records(), R"(b={"status":"open","n":2})");
  erase("b");
  EXPECT_EQ(client.records(), "");
  const StreamPosition left{client.last<SubscribedFrame>().start.epoch,
                            client.last<HeardBlock>().range.offset};
  set("c", R"({"status":"done"})");
  EXPECT_GT(client.last<HeardBlock>().range.offset, left.offset) << "covered";
  TestClient& again = world.connect(1, "again");
  again.subscribe_filtered("state:a", R"({"status":{"in":["open"]}})", left);
  EXPECT_EQ(again.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
  again.subscribe_filtered("state:a", R"({"status":"done"})", left);
  EXPECT_EQ(again.last<SubscribedFrame>().reason, SnapshotReason::EpochChanged)
      << "a position names its view";
}

TEST_F(StateTest, ReadersAreToldNowAndThenWhatTheirRecordsSumUpTo) {
  TestClient& client = world.connect();
  client.subscribe("state:a");
  set("a", R"({"x":1})");
  const auto digest_of = [](std::string_view key, std::string_view json) {
    return record_digest(key, PayloadKind::Json, as_bytes(json));
  };
  EXPECT_EQ(client.last<HeardBlock>().digest, digest_of("a", R"({"x":1})"));
  set("b", "2");
  EXPECT_FALSE(client.last<HeardBlock>().digest.has_value()) << "not with every block";
  world.advance(limits::digest_interval);
  merge("a", R"({"set":{"y":2}})");
  EXPECT_EQ(client.last<HeardBlock>().digest,
            digest_of("a", R"({"x":1,"y":2})") + digest_of("b", "2"));
}

TEST_F(StateTest, OnAQuietChannelReadersAreToldTheSumAlone) {
  set("a", "1");
  TestClient& text = world.connect(0, "text", Encoding::Json);
  TestClient& blocked = world.connect(0, "blocked");
  TestClient& client = world.connect(1);
  for (TestClient* one : {&client, &text, &blocked}) one->subscribe("state:a");
  set("a", "2");
  blocked.stalled = true;
  set("a", "3");  // fills its socket
  for (TestClient* one : {&client, &text, &blocked}) one->heard.clear();
  world.advance(limits::quiet_digest_interval - 1s);
  EXPECT_TRUE(client.all<HeardBlock>().empty());
  world.advance(2s);
  for (TestClient* one : {&client, &text}) {
    ASSERT_EQ(one->all<HeardBlock>().size(), 1U);
    const HeardBlock block = one->last<HeardBlock>();
    EXPECT_TRUE(block.rows.empty());
    EXPECT_EQ(block.range.previous, block.range.offset) << "and nothing else";
    EXPECT_EQ(block.digest, record_digest("a", PayloadKind::Json, as_bytes("3")));
  }
  EXPECT_TRUE(blocked.all<HeardBlock>().empty()) << "it is told when it can be";
}

TEST_F(StateTest, WhereNothingIsSummedUpNothingIsSaid) {
  TestClient& client = world.connect();
  client.subscribe("open:a");
  client.subscribe("signal:a");
  client.heard.clear();
  world.advance(limits::quiet_digest_interval + 1s);
  EXPECT_TRUE(client.all<HeardBlock>().empty());
}

TEST_F(StateTest, WhoIsPacedOrGivenPagesIsToldTheSumToo) {
  const auto sum = [](std::string_view json) {
    return record_digest("a", PayloadKind::Json, as_bytes(json));
  };
  TestClient& paced = world.connect();
  paced.subscribe_paced("state:a", 1s);
  for (const char* json : {"1", "2"}) {
    set("a", json);
    world.advance(1s);
    EXPECT_EQ(paced.last<HeardBlock>().digest, sum(json));
  }
  TestClient& late = world.connect(1, "late");
  late.subscribe("state:a");
  EXPECT_TRUE(late.last<HeardBlock>().shape.sweep);
  EXPECT_EQ(late.last<HeardBlock>().digest, sum("2"));
}

TEST_F(StateTest, APartIsToldTheSumOfThePart) {
  const auto number = [](const char* key, std::string_view json) {
    return record_digest(key, PayloadKind::Json, as_bytes(json));
  };
  set("a", R"({"n":1})");
  set("b", R"({"n":2})");
  set("c", R"({"n":1,"m":1})");
  TestClient& part = world.connect();
  part.subscribe_filtered("state:a", R"({"n":1})");
  const std::uint64_t c = number("c", R"({"n":1,"m":1})");
  EXPECT_EQ(part.last<HeardBlock>().digest, number("a", R"({"n":1})") + c);
  // Some go, some come, some are none of its business; in between its sum is not asked for.
  set("a", R"({"n":3})");
  set("b", R"({"n":1})");
  set("d", R"({"n":7})");
  world.advance(limits::digest_interval);
  set("b", R"({"n":1,"m":2})");
  EXPECT_EQ(part.last<HeardBlock>().digest, number("b", R"({"n":1,"m":2})") + c);
  for (int i = 0; i < 20; ++i) set("e", R"({"n":1})");  // history is over
  world.publish("state:a", operation(Operation::Delete, "c"));
  world.advance(limits::quiet_digest_interval);
  EXPECT_EQ(part.last<HeardBlock>().digest,
            number("b", R"({"n":1,"m":2})") + number("e", R"({"n":1})"));
}

// A mirror that lags too far begins anew: it is given the records of the owner's top at once, and
// then the log by pieces. Within them no page may be read: its rows would be of a later time.
TEST_F(StateTest, NoPageIsReadFromAMirrorThatIsNotAtItsOwnersTop) {
  const std::uint16_t owner = world.owner("state:a");
  const auto other = static_cast<std::uint16_t>(1 - owner);
  const std::string large = '"' + std::string(30'000, 'x') + '"';
  for (int i = 0; i < 8; ++i) set("a" + std::to_string(i), large);
  TestClient& reader = world.connect(other);
  reader.stalled = true;
  reader.subscribe("state:a");  // its answer fills the socket, and all records are still to come
  ASSERT_TRUE(reader.all<HeardBlock>().empty());
  world.hold_mail = true;
  for (std::size_t i = 0; i < limits::mirror_lag_entries_max + 100; ++i) {
    world.publish("state:a", operation(Operation::Set, "k", std::to_string(i)), owner);
  }
  world.deliver(owner, other);  // what the standing pull was answered with, long ago
  world.deliver(other, owner);
  world.deliver(owner, other);
  world.writable(reader);
  EXPECT_TRUE(reader.all<HeardBlock>().empty());
  world.hold_mail = false;
  world.run();
  const std::string last = "k=" + std::to_string(limits::mirror_lag_entries_max + 99);
  EXPECT_NE(reader.records().find(last), std::string::npos);
}

// Through a filter a merge is its whole record, and blocks are cut by what they hold.
TEST_F(StateTest, ABurstOfSmallMergesDoesNotMakeABlockThatIsTooLarge) {
  set("k", "{\"pad\":\"" + std::string(60'000, 'x') + "\"}");
  TestClient& reader = world.connect();
  reader.subscribe_filtered("state:a", "{\"pad\":{\"exists\":true}}");
  world.hold_effects = true;
  for (int i = 0; i < 50; ++i) {
    world.publish("state:a", operation(Operation::Merge, "k", "{\"set\":{\"m\":1}}"));
  }
  world.hold_effects = false;
  world.run();
  EXPECT_EQ(reader.all<HeardBlock>().back().range.offset, Offset{51});
  EXPECT_LE(reader.message_bytes_max, limits::joined_message_bytes_max + 70'000);
}

// A reader is in the midst of its pages when deletes are forgotten that it has yet to be told of.
TEST_F(StateTest, APassOfChangesBecomesASweepWhenDeletesAreForgottenMeanwhile) {
  const std::string pad(4000, 'x');
  const auto fill = [&] {
    for (int i = 100; i < 200; ++i) set("a" + std::to_string(i), "{\"pad\":\"" + pad + "\"}");
  };
  fill();
  set("quiet", "{\"pad\":\"" + pad + "\"}");  // or all records would be fewer bytes
  set("z", "{}");
  TestClient& before = world.connect();
  before.subscribe_filtered("state:a", "{\"gone\":{\"exists\":false}}");
  const StreamPosition held = {before.last<SubscribedFrame>().start.epoch,
                               before.all<HeardBlock>().back().range.offset};
  before.disconnect();
  world.publish("state:a", operation(Operation::Delete, "z"));
  fill();
  TestClient& reader = world.connect();
  reader.stalled = true;
  reader.subscribe_filtered("state:a", "{\"gone\":{\"exists\":false}}", held);
  ASSERT_EQ(reader.last<SubscribedFrame>().catch_up, CatchUp::Changes);
  world.shard().handle_writable(world.now, reader.handle());  // the first page, and full again
  world.run();
  ASSERT_FALSE(reader.all<HeardBlock>().empty());
  ASSERT_FALSE(reader.last<HeardBlock>().shape.sweep);
  for (std::size_t i = 0; i <= limits::tombstones_max; ++i) {
    world.publish("state:a", operation(Operation::Delete, "gone-" + std::to_string(i)));
  }
  world.writable(reader);
  const auto blocks = reader.all<HeardBlock>();
  EXPECT_TRUE(std::any_of(blocks.begin(), blocks.end(), [](const HeardBlock& block) {
    return block.shape.sweep && (block.until.empty() || block.until > "z") && block.after < "z";
  })) << "nothing has told of z";
}

TEST_F(StateTest, AFilterThatIsNotOneIsRefused) {
  TestClient& client = world.connect();
  client.subscribe_filtered("state:a", R"({"a":{"le":1}})");
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::BadRequest);
  EXPECT_NE(client.last<RefusedFrame>().error.message.find("byte"), std::string::npos);
}

TEST_F(StateTest, RecordsGrowOldOnlyWhenTheyAreNotRenewed) {
  world.publish("brief:a", operation(Operation::Set, "old", "1"));
  world.publish("brief:a", operation(Operation::Set, "renewed", "1"));
  TestClient& client = world.connect();
  client.subscribe("brief:a");
  world.advance(6s);
  world.publish("brief:a", operation(Operation::Set, "renewed", "2"));
  EXPECT_EQ(client.records(), "old=1 renewed=2");
  world.advance(6s);
  EXPECT_EQ(client.records(), "renewed=2");
  world.advance(6s);
  EXPECT_EQ(client.records(), "");
}

TEST_F(StateTest, WhatAPublisherCountsBackwardsIsStale) {
  const auto publish = [this](std::uint64_t number, std::string epoch, std::string json) {
    PublicationDraft made = operation(Operation::Set, "k", std::move(json));
    made.source_version = SourceVersion{std::move(epoch), number};
    return world.answer(world.publish("state:a", made))->outcome;
  };
  EXPECT_EQ(publish(5, "e", "5"), PublishOutcome::Applied);
  EXPECT_EQ(publish(4, "e", "4"), PublishOutcome::Stale);
  EXPECT_EQ(publish(5, "e", "55"), PublishOutcome::Stale);
  EXPECT_EQ(publish(6, "e", "6"), PublishOutcome::Applied);
  EXPECT_EQ(publish(1, "f", "1"), PublishOutcome::Applied);
  TestClient& client = world.connect();
  client.subscribe("state:a");
  EXPECT_EQ(client.records(), "k=1");
}

TEST_F(StateTest, WhatAPublisherHasCountedStaysKnownThoughOthersDoNotCount) {
  const auto publish = [this](Operation what, std::optional<std::uint64_t> number) {
    PublicationDraft made = operation(what, "k", what == Operation::Delete ? "null" : "{}");
    if (number) made.source_version = SourceVersion{"e", *number};
    return world.answer(world.publish("state:a", made))->outcome;
  };
  EXPECT_EQ(publish(Operation::Set, 5), PublishOutcome::Applied);
  for (const Operation what : {Operation::Set, Operation::Merge, Operation::Delete}) {
    EXPECT_EQ(publish(what, std::nullopt), PublishOutcome::Applied);
    EXPECT_EQ(publish(Operation::Set, 4), PublishOutcome::Stale) << static_cast<int>(what);
  }
}

TEST_F(StateTest, APacedReaderIsServedOnItsTicksAndNotBetweenThem) {
  TestClient& paced = world.connect();
  paced.subscribe("slow:a");
  TestClient& asks = world.connect(1, "asks");
  asks.subscribe_paced("open:a", 1s);
  world.advance(3500ms);
  const std::size_t before = paced.all<HeardBlock>().size();
  for (int i = 0; i < 40; ++i) {
    world.publish("slow:a", operation(Operation::Set, "k", std::to_string(i)));
    world.publish("open:a", draft(std::to_string(i)));
    world.advance(50ms);
  }
  world.advance(1s);
  EXPECT_EQ(paced.records(), "k=39");
  EXPECT_GE(paced.all<HeardBlock>().size(), before + 2);
  EXPECT_LE(paced.all<HeardBlock>().size(), before + 3);
  EXPECT_LE(asks.all<HeardBlock>().size(), 3U);
  std::string all;
  for (int i = 0; i < 40; ++i) all += (i == 0 ? "" : " ") + std::to_string(i);
  EXPECT_EQ(asks.read(), all) << "a log loses nothing by it";
}

}  // namespace
}  // namespace tidegate::relay
