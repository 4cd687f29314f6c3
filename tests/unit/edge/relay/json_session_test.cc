// Sessions that speak JSON beside sessions that speak binary: they are told the same, each encoding
// is written once, and what is wrong ends the one connection with its code and place.
#include <gtest/gtest.h>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

class JsonSession : public testing::Test {
 protected:
  TestClient& connect_json(std::string subject = "ann") {
    return world.connect(0, std::move(subject), Encoding::Json);
  }
  TestClient& connect_silent() { return world.connect_silent(0, Encoding::Json); }
  /// How a connection ends that says `text` behind its welcome.
  Close end_of(std::string_view text) {
    TestClient& client = connect_json();
    client.send_text(text);
    EXPECT_TRUE(client.closed.has_value());
    const Close close = client.closed.value_or(Close{});
    EXPECT_EQ(client.last<DisconnectFrame>().code, close.code);
    EXPECT_EQ(client.last<DisconnectFrame>().message, close.reason);
    return close;
  }
  RelayWorld world;
};

/// All that was heard of blocks, but for the messages they stood in.
std::string blocks_of(const TestClient& client) {
  std::string text;
  for (const HeardBlock& block : client.all<HeardBlock>()) {
    text += std::to_string(block.range.previous.value) + "-" +
            std::to_string(block.range.offset.value) + (block.more ? " more" : "") +
            (block.shape.sweep ? " sweep(" + block.after + "," + block.until + ")" : "") +
            (block.digest ? " #" + std::to_string(*block.digest) : "") + "\n";
    for (const Row& row : block.rows) {
      text += "  " + std::to_string(row.offset.value) + " " +
              std::to_string(static_cast<int>(row.operation)) + " " + row.key + " " + row.event_id +
              " " + row.payload + "\n";
    }
  }
  return text;
}

TEST_F(JsonSession, IsToldWhatABinaryOneIsTold) {
  TestClient& json = connect_json("jo");
  TestClient& binary = world.connect(0, "bo");
  for (TestClient* client : {&json, &binary}) {
    client->subscribe("open:a", {}, kHistoryAll);
    client->subscribe("signal:s");
  }
  for (int n = 0; n < 50; ++n) {
    world.publish("open:a", draft(std::to_string(n), "k" + std::to_string(n)));
    world.publish("signal:s", draft("\"s" + std::to_string(n) + "\""));
    world.advance(10ms);
  }
  EXPECT_EQ(blocks_of(json), blocks_of(binary));
  EXPECT_EQ(json.all<HeardBlock>().size(), 100U);
  EXPECT_EQ(json.last<WelcomeFrame>().heartbeat_interval_ms,
            binary.last<WelcomeFrame>().heartbeat_interval_ms);
  const auto subscribed = json.all<SubscribedFrame>();
  ASSERT_EQ(subscribed.size(), 2U);
  EXPECT_EQ(subscribed[1].kind, ChannelKind::Signal);
}

TEST_F(JsonSession, IsGivenRecordsInPagesAndThenWhatChanges) {
  const std::string filling(20'000, 'x');
  for (int n = 0; n < 12; ++n) {
    world.publish("state:t", operation(Operation::Set, "k" + std::to_string(n),
                                       R"({"n":1.0,"f":")" + filling + "\"}"));
  }
  TestClient& json = connect_json("jo");
  TestClient& binary = world.connect(0, "bo");
  json.subscribe("state:t");
  binary.subscribe("state:t");
  EXPECT_EQ(blocks_of(json), blocks_of(binary));
  EXPECT_GT(json.all<HeardBlock>().size(), 2U) << "pages";
  world.publish("state:t",
                operation(Operation::Merge, "k3", R"({"set":{"f":null},"unset":["n"]})"));
  world.publish("state:t", operation(Operation::Delete, "k4"));
  EXPECT_EQ(json.records(), binary.records());
  EXPECT_NE(json.records().find(R"(k3={"f":null})"), std::string::npos);
  EXPECT_EQ(json.records().find("k4="), std::string::npos);
}

TEST_F(JsonSession, ResumesFromAPositionThatABinaryOneWasGiven) {
  TestClient& binary = world.connect();
  binary.subscribe("open:a");
  for (int n = 1; n <= 5; ++n) world.publish("open:a", draft(std::to_string(n)));
  TestClient& json = connect_json();
  const Epoch epoch = binary.last<SubscribedFrame>().start.epoch;
  json.subscribe("open:a", StreamPosition{epoch, Offset{2}});
  EXPECT_EQ(json.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
  EXPECT_EQ(json.read(), "3 4 5");
}

TEST_F(JsonSession, EachEncodingOfABlockIsWrittenOnceAndShared) {
  std::vector<TestClient*> clients;
  for (int n = 0; n < 1000; ++n) {
    const Encoding encoding = n % 2 == 0 ? Encoding::Binary : Encoding::Json;
    clients.push_back(&world.connect(0, "ann", encoding));
    clients.back()->subscribe("open:a");
  }
  world.transmits.clear();
  const RelayCounters before = world.shard().counters();
  world.publish("open:a", draft("1"));
  ASSERT_EQ(world.transmits.size(), 2U);
  EXPECT_EQ(world.transmits[0].connections.size(), 500U);
  EXPECT_EQ(world.transmits[1].connections.size(), 500U);
  for (const TestClient* client : clients) EXPECT_EQ(client->read(), "1");
  const RelayCounters& after = world.shard().counters();
  EXPECT_EQ(after.blocks_built - before.blocks_built, 2U);
  EXPECT_EQ(after.blocks_shared - before.blocks_shared, 998U);
  EXPECT_EQ(after.publications_delivered - before.publications_delivered, 1000U);
}

TEST_F(JsonSession, ReadersOfJsonAloneAreServedAsOneToo) {
  std::vector<TestClient*> clients;
  for (int n = 0; n < 100; ++n) {
    clients.push_back(&connect_json());
    clients.back()->subscribe("open:a");
  }
  for (int n = 0; n < 20; ++n) {
    world.transmits.clear();
    world.publish("open:a", draft(std::to_string(n)));
    ASSERT_EQ(world.transmits.size(), 1U);
    EXPECT_EQ(world.transmits[0].connections.size(), 100U);
  }
  EXPECT_EQ(clients[99]->all<HeardBlock>().size(), 20U);
}

TEST_F(JsonSession, ABlockedOneCatchesUpByBlocksAndDisturbsNobody) {
  TestClient& slow = connect_json();
  TestClient& fast = connect_json();
  TestClient& binary = world.connect();
  for (TestClient* client : {&slow, &fast, &binary}) client->subscribe("open:a");
  slow.stalled = true;
  for (int n = 0; n < 100; ++n) world.publish("open:a", draft(std::to_string(n)));
  EXPECT_EQ(slow.all<HeardBlock>().size(), 1U);
  EXPECT_EQ(fast.all<HeardBlock>().size(), 100U);
  world.writable(slow);
  EXPECT_EQ(slow.all<HeardBlock>().size(), 2U);
  EXPECT_EQ(slow.read(), binary.read());
  EXPECT_EQ(fast.read(), binary.read());
}

TEST_F(JsonSession, TheLastOfAnEncodingMayGoWhileThereIsNews) {
  TestClient& json = connect_json();
  TestClient& binary = world.connect();
  json.subscribe("open:a");
  binary.subscribe("open:a");
  world.publish("open:a", draft("1"));
  world.hold_effects = true;
  world.publish("open:a", draft("2"));
  json.disconnect();
  world.hold_effects = false;
  world.run();
  world.publish("open:a", draft("3"));
  TestClient& later = connect_json();
  later.subscribe("open:a", {}, kHistoryAll);
  world.publish("open:a", draft("4"));
  EXPECT_EQ(binary.read(), "1 2 3 4");
  EXPECT_EQ(later.read(), "1 2 3 4");
}

TEST_F(JsonSession, PublishesAndIsAnsweredInEveryWay) {
  TestClient& client = connect_json();
  client.publish("open:a", R"({"x":1.0})", "k");
  client.publish("open:a", R"({"x":1.0})", "k");
  client.publish("server:a", "1");
  PublicationDraft set = operation(Operation::Set, "r", R"({"n":1})");
  client.publish("state:t", set);
  set.if_version = Offset{9};
  client.publish("state:t", set);
  const auto acks = client.all<PublishAckFrame>();
  ASSERT_EQ(acks.size(), 3U);
  EXPECT_EQ(acks[1].outcome, PublishOutcome::Duplicate);
  EXPECT_EQ(acks[1].position, acks[0].position);
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Forbidden);
  const auto conflict = client.last<PublishConflictFrame>();
  EXPECT_EQ(conflict.version, Offset{1});
  EXPECT_EQ(as_text(conflict.payload), R"({"n":1})");
}

TEST_F(JsonSession, WhatItSaysBeforeItsTokenIsVerifiedWaits) {
  world.hold_tokens = true;
  world.tokens.insert_or_assign("ann", ClaimsPtr(full_claims("ann")));
  TestClient& client = connect_silent();
  client.send_text(R"([{"type":"hello","version":1,"token":"ann"},)"
                   R"({"type":"publish","request":1,"channel":"open:a","data":1},)"
                   R"({"type":"publish","request":2,"channel":"open:a","data":2}])");
  client.send_text(R"({"type":"publish","request":3,"channel":"open:a","data":3})");
  client.send_text(R"([{"type":"ping","nonce":1},{"type":"ping"}])");
  EXPECT_TRUE(client.heard.empty());
  ASSERT_EQ(world.held_tokens.size(), 1U);
  world.shard().handle_token_result(world.now, world.held_tokens.front().second.id,
                                    world.tokens.at("ann"));
  world.run();
  ASSERT_TRUE(client.closed.has_value());
  EXPECT_EQ(client.closed->reason, "ping: /1/nonce is missing");
  EXPECT_EQ(client.all<WelcomeFrame>().size(), 1U);
  EXPECT_EQ(world.shard().counters().publishes_applied, 3U);
}

TEST_F(JsonSession, TooMuchBeforeTheTokenIsVerifiedEndsItHoweverSmallTheMessagesAre) {
  world.hold_tokens = true;
  TestClient& client = connect_silent();
  client.send_text(R"({"type":"hello","version":1,"token":"ann"})");
  std::size_t messages = 0;
  while (!client.closed.has_value() && messages < limits::client_message_bytes_max) {
    client.send_text("1");
    ++messages;
  }
  ASSERT_TRUE(client.closed.has_value());
  EXPECT_EQ(client.closed->code, static_cast<std::uint16_t>(DisconnectCode::Overloaded));
  EXPECT_LT(messages, limits::client_message_bytes_max / sizeof(UnreadFrames));
}

TEST_F(JsonSession, WhatIsMalformedEndsItWithTheCodeOfTheBinaryOneAndThePlace) {
  const std::pair<std::string_view, std::string_view> texts[] = {
      {"", "a message has at least one frame"},
      {"hello", "the message is not JSON: a JSON value is expected at byte 0"},
      {R"([{"type":"ping","nonce":1},{"type":"subscribe","request":1,"channel":"open:a","since":7}])",
       "subscribe: /1/since must be an object"},
      {R"({"type":"publish","request":1,"channel":"open:a","idempotencykey":"k","data":1})",
       "publish: /idempotencykey is not a field that is known here"},
      {R"({"type":"pling"})", "/type is of no frame that is known: pling"},
  };
  for (const auto& [text, reason] : texts) {
    const Close close = end_of(text);
    EXPECT_EQ(close.code, static_cast<std::uint16_t>(DisconnectCode::MalformedFrame));
    EXPECT_EQ(close.reason, reason);
  }
  EXPECT_EQ(end_of(R"({"type":"welcome","version":1,"relay":"r","connectionId":"c",)"
                   R"("heartbeatIntervalMs":1,"heartbeatTimeoutMs":1,"messageBytesMax":1,)"
                   R"("time":1})")
                .code,
            static_cast<std::uint16_t>(DisconnectCode::UnexpectedFrame));
  const std::string large(limits::client_message_bytes_max + 1, ' ');
  EXPECT_EQ(end_of(large).code, static_cast<std::uint16_t>(DisconnectCode::FrameTooLarge));
}

TEST_F(JsonSession, BeginsWithHelloOfAVersionThatIsKnown) {
  TestClient& hasty = connect_silent();
  hasty.send_text(R"({"type":"ping","nonce":1})");
  EXPECT_EQ(hasty.closed.value_or(Close{}).code,
            static_cast<std::uint16_t>(DisconnectCode::UnexpectedFrame));
  TestClient& modern = connect_silent();
  modern.send_text(R"({"type":"hello","version":2,"greeting":{}})");
  EXPECT_EQ(modern.closed.value_or(Close{}).code,
            static_cast<std::uint16_t>(DisconnectCode::UnsupportedVersion));
}

TEST_F(JsonSession, ARefusedCommandCostsTheCommandOnly) {
  TestClient& client = connect_json();
  client.send_text(R"([{"type":"subscribe","request":1,"channel":"a::b"},)"
                   R"({"type":"publish","request":2,"channel":"open:a","dataBase64":"!"},)"
                   R"({"type":"ping","nonce":3}])");
  const auto refused = client.all<RefusedFrame>();
  ASSERT_EQ(refused.size(), 2U);
  EXPECT_EQ(refused[0].error.code, ErrorCode::InvalidChannel);
  EXPECT_EQ(refused[1].error.code, ErrorCode::InvalidPayload);
  EXPECT_EQ(client.last<PongFrame>().nonce, 3U);
}

TEST_F(JsonSession, ManyAnswersComeInMessagesOfABoundedSize) {
  TestClient& client = connect_json();
  client.message_bytes_max = client.messages = 0;
  std::string text = "[";
  constexpr std::size_t kCommands = 1200;
  for (std::size_t n = 1; n <= kCommands; ++n) {
    text += (n == 1 ? "" : ",") + (R"({"type":"subscribe","request":)" + std::to_string(n)) +
            R"(,"channel":"nowhere:a"})";
  }
  client.send_text(text + "]");
  EXPECT_EQ(client.all<RefusedFrame>().size(), kCommands);
  EXPECT_GT(client.messages, 1U);
  EXPECT_LE(client.message_bytes_max, limits::joined_message_bytes_max + 2);
}

}  // namespace
}  // namespace tidegate::relay
