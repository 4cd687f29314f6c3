// A publish from a connection and from outside: rights, checks, answers, windows.
#include <gtest/gtest.h>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

class PublishTest : public testing::Test {
 protected:
  ErrorCode refused(TestClient& client, const PublishFrame& frame) {
    const std::size_t before = client.all<RefusedFrame>().size();
    client.send(frame);
    EXPECT_EQ(client.all<RefusedFrame>().size(), before + 1);
    EXPECT_EQ(client.last<RefusedFrame>().request, frame.request);
    return client.last<RefusedFrame>().error.code;
  }
  RelayWorld world;
};

TEST_F(PublishTest, IsAcknowledgedWithItsPositionAndReachesSubscribers) {
  TestClient& publisher = world.connect(0, "ann");
  TestClient& reader = world.connect(0, "bob");
  reader.subscribe("open:a");
  const RequestId request = publisher.publish("open:a", "{\"n\":1}", "k");
  const auto ack = publisher.last<PublishAckFrame>();
  EXPECT_EQ(ack.request, request);
  EXPECT_EQ(ack.outcome, PublishOutcome::Applied);
  EXPECT_EQ(ack.position.offset, Offset{1});
  EXPECT_EQ(reader.read(), "{\"n\":1}");
  EXPECT_EQ(reader.last<HeardBlock>().rows[0].event_id.size(), 32U);
}

TEST_F(PublishTest, RepeatedAfterAReconnectOfTheSameSessionIsADuplicate) {
  TestClient& first = world.connect();
  first.publish("open:a", "1", "k");
  first.disconnect();
  TestClient& second = world.connect();
  second.publish("open:a", "1", "k");
  EXPECT_EQ(second.last<PublishAckFrame>().outcome, PublishOutcome::Duplicate);
  EXPECT_EQ(second.last<PublishAckFrame>().position.offset, Offset{1});
  second.publish("open:a", "2", "k");
  EXPECT_EQ(second.last<RefusedFrame>().error.code, ErrorCode::IdempotencyConflict);
  TestClient& other = world.connect_silent();
  other.hello("ann", "another-session");
  other.publish("open:a", "1", "k");
  EXPECT_EQ(other.last<PublishAckFrame>().outcome, PublishOutcome::Applied);
}

TEST_F(PublishTest, NeedsTheRightTheNamespaceAndAWellFormedDraft) {
  TestClient& client = world.connect();
  EXPECT_EQ(refused(client, {RequestId{1}, channel("server:a"), draft("1")}), ErrorCode::Forbidden);
  EXPECT_EQ(refused(client, {RequestId{2}, channel("nowhere:a"), draft("1")}),
            ErrorCode::UnknownNamespace);
  EXPECT_EQ(refused(client, {RequestId{3}, channel("open:a"), draft("{broken")}),
            ErrorCode::InvalidPayload);
  EXPECT_EQ(refused(client,
                    {RequestId{4}, channel("open:a"),
                     draft("\"" + std::string(limits::publication_payload_bytes_max, 'x') + "\"")}),
            ErrorCode::PayloadTooLarge);
  auto reader = full_claims("eve");
  reader->capabilities[0].allow = static_cast<std::uint8_t>(Action::Subscribe);
  world.tokens.insert_or_assign("eve", ClaimsPtr(reader));
  TestClient& eve = world.connect_silent();
  eve.hello("eve");
  EXPECT_EQ(refused(eve, {RequestId{5}, channel("open:a"), draft("1")}), ErrorCode::Forbidden);
  EXPECT_EQ(world.shard().counters().publishes_refused, 5U);
}

TEST_F(PublishTest, LogChannelsDoNotOfferTheOperationsOfStateChannels) {
  for (const Operation operation : {Operation::Set, Operation::Merge, Operation::Delete}) {
    PublicationDraft keyed = draft("1");
    keyed.operation = operation;
    keyed.key = "k";
    TestClient& client = world.connect();
    client.send(PublishFrame{RequestId{1}, channel("open:a"), keyed});
    EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Unsupported);
    const std::uint64_t number = world.publish("open:a", keyed);
    EXPECT_EQ(world.answer(number).error().code, ErrorCode::Unsupported);
  }
}

TEST_F(PublishTest, FromOutsideIsAnsweredByItsTicket) {
  const std::uint64_t good = world.publish("server:a", draft("1", "k"));
  EXPECT_EQ(world.answer(good)->position.offset, Offset{1});
  EXPECT_EQ(world.answer(world.publish("server:a", draft("1", "k")))->outcome,
            PublishOutcome::Duplicate);
  EXPECT_EQ(world.answer(world.publish("nowhere:a", draft("1"))).error().code,
            ErrorCode::UnknownNamespace);
  EXPECT_EQ(world.answer(world.publish("server:a", draft("{"))).error().code,
            ErrorCode::InvalidPayload);
  PublicationDraft expecting = draft("1");
  expecting.if_epoch = Epoch::parse("gone").value();
  EXPECT_EQ(world.answer(world.publish("server:a", expecting)).error().code,
            ErrorCode::EpochMismatch);
}

TEST_F(PublishTest, RefusedAndDuplicateRecordsAreCoveredNotMissing) {
  TestClient& reader = world.connect();
  reader.subscribe("open:a");
  world.publish("open:a", draft("1", "k"));
  world.publish("open:a", draft("1", "k"));
  world.publish("open:a", draft("2", "k"));
  world.publish("open:a", draft("3"));
  EXPECT_EQ(reader.read(), "1 3");
  EXPECT_EQ(reader.last<HeardBlock>().range.offset, Offset{4});
}

TEST_F(PublishTest, ReadingPausesAtTheWindowAndGoesOnWhenAnswersCome) {
  TestClient& client = world.connect();
  world.publish("open:a", draft("0"));
  std::vector<StoreAppend> held;
  world.on_store = [&held](std::uint16_t, const RelayEffect& effect) {
    const auto* append = std::get_if<StoreAppend>(&effect);
    if (append != nullptr) held.push_back(*append);
    return append != nullptr;
  };
  for (std::size_t n = 1; n < limits::publishes_in_flight_per_connection_max; ++n) {
    client.publish("open:a", "1");
  }
  EXPECT_FALSE(client.paused);
  client.publish("open:a", "1");
  EXPECT_TRUE(client.paused);
  world.on_store = nullptr;
  world.shard().handle_append_result(world.now, held[0].id, world.store().append(held[0]));
  world.run();
  EXPECT_FALSE(client.paused);
  EXPECT_EQ(client.all<PublishAckFrame>().size(), limits::publishes_in_flight_per_connection_max);
}

TEST_F(PublishTest, AConnectionThatIgnoresThePauseIsRefused) {
  TestClient& client = world.connect();
  world.publish("open:a", draft("0"));
  world.on_store = [](std::uint16_t, const RelayEffect& effect) {
    return std::holds_alternative<StoreAppend>(effect);
  };
  for (std::size_t n = 0; n < limits::publishes_in_flight_per_connection_kill; ++n) {
    client.publish("open:a", "1");
  }
  EXPECT_TRUE(client.all<RefusedFrame>().empty());
  client.publish("open:a", "1");
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Busy);
}

TEST_F(PublishTest, FromOutsideIsBusyOverTheShardsLimit) {
  world.on_store = [](std::uint16_t, const RelayEffect& effect) {
    return std::holds_alternative<StoreOpen>(effect);
  };
  std::uint64_t last = 0;
  for (std::size_t n = 0; n < limits::publishes_in_flight_per_shard_max; ++n) {
    last = world.publish("open:" + std::to_string(n % 8), draft("1"));
  }
  EXPECT_EQ(world.answers.count(last), 0U);
  EXPECT_EQ(world.answer(world.publish("open:a", draft("1"))).error().code, ErrorCode::Busy);
}

TEST_F(PublishTest, TheAnswerToAPublisherWhoIsGoneMeetsNobody) {
  TestClient& client = world.connect();
  world.publish("open:a", draft("0"));
  std::vector<StoreAppend> held;
  world.on_store = [&held](std::uint16_t, const RelayEffect& effect) {
    const auto* append = std::get_if<StoreAppend>(&effect);
    if (append != nullptr) held.push_back(*append);
    return append != nullptr;
  };
  client.publish("open:a", "1");
  client.disconnect();
  TestClient& next = world.connect();
  world.on_store = nullptr;
  world.shard().handle_append_result(world.now, held[0].id, world.store().append(held[0]));
  world.run();
  EXPECT_TRUE(next.all<PublishAckFrame>().empty());
  EXPECT_FALSE(next.paused);
}

TEST(ThinEvents, KeepTheMembersThatAreNamedAndNothingElse) {
  RelayWorld world;
  TestClient& client = world.connect();
  client.subscribe("thin:a");
  client.publish("thin:a", R"( {"name":"Ann", "\u0069d" : 7.50,"data":{"id":1},"operation":"x"} )");
  client.publish("thin:a", R"({"name":"Ann"})");
  client.publish("thin:a", "{}");
  EXPECT_EQ(client.read(), R"({"\u0069d":7.50,"operation":"x"} {} {})");
}

TEST(ThinEvents, HaveToBeObjects) {
  RelayWorld world;
  TestClient& client = world.connect();
  PublicationDraft binary = draft("{}");
  binary.payload_kind = PayloadKind::Binary;
  for (PublicationDraft refused : {draft("[1]"), draft("7"), draft(" \"text\""), binary}) {
    client.heard.clear();
    client.publish("thin:a", refused);
    ASSERT_EQ(client.all<RefusedFrame>().size(), 1U);
    EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::InvalidPayload);
    const std::uint64_t number = world.publish("thin:a", refused);
    EXPECT_EQ(world.answer(number).error().code, ErrorCode::InvalidPayload);
  }
}

TEST(ThinEvents, ARepetitionIsRecognizedByAllThatWasPublished) {
  RelayWorld world;
  world.publish("thin:a", draft(R"({"id":1,"name":"Ann"})", "key"));
  const auto again = world.publish("thin:a", draft(R"({"id":1,"name":"Ann"})", "key"));
  EXPECT_EQ(world.answer(again)->outcome, PublishOutcome::Duplicate);
  const auto other = world.publish("thin:a", draft(R"({"id":1,"name":"Bob"})", "key"));
  EXPECT_EQ(world.answer(other).error().code, ErrorCode::IdempotencyConflict);
}

}  // namespace
}  // namespace tidegate::relay
