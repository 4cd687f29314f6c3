// A connection's life: hello, tokens, bad input, limits, heartbeats, expiry, drain.
#include <gtest/gtest.h>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

template <typename FrameT>
Bytes bytes_of(const FrameT& frame) {
  Bytes bytes;
  encode(frame, bytes);
  return bytes;
}

void expect_ended(const TestClient& client, DisconnectCode code) {
  ASSERT_TRUE(client.closed.has_value());
  EXPECT_EQ(client.closed->code, static_cast<std::uint16_t>(code));
  ASSERT_EQ(client.all<DisconnectFrame>().size(), 1U);
  EXPECT_EQ(client.last<DisconnectFrame>().code, static_cast<std::uint16_t>(code));
  EXPECT_FALSE(client.last<DisconnectFrame>().message.empty());
}

TEST(Session, IsWelcomedOnceItsTokenIsVerified) {
  RelayWorld world;
  TestClient& client = world.connect();
  const auto welcome = client.last<WelcomeFrame>();
  EXPECT_EQ(welcome.version, wire::kProtocolVersion);
  EXPECT_EQ(welcome.heartbeat_interval_ms, 25'000U);
  EXPECT_EQ(welcome.message_bytes_max, limits::client_message_bytes_max);
  EXPECT_EQ(welcome.token_expires_in_ms, 0U);
  EXPECT_FALSE(welcome.connection_id.empty());
  EXPECT_EQ(world.shard().connection_count(), 1U);
}

TEST(Session, ThatSaysNothingIsEndedAfterTheHelloTimeout) {
  RelayWorld world;
  TestClient& client = world.connect_silent();
  world.advance(limits::hello_timeout_default - 1ms);
  EXPECT_FALSE(client.closed.has_value());
  world.advance(1ms);
  expect_ended(client, DisconnectCode::HelloTimeout);
  EXPECT_EQ(world.shard().connection_count(), 0U);
  EXPECT_EQ(world.shard().counters().connections_refused, 1U);
}

TEST(Session, MustBeginWithHello) {
  RelayWorld world;
  TestClient& client = world.connect_silent();
  client.subscribe("open:a");
  expect_ended(client, DisconnectCode::UnexpectedFrame);
}

TEST(Session, MayNotSayHelloTwice) {
  RelayWorld world;
  TestClient& client = world.connect();
  client.hello("ann");
  expect_ended(client, DisconnectCode::UnexpectedFrame);
}

TEST(Session, MayNotSendWhatOnlyTheRelaySends) {
  RelayWorld world;
  TestClient& client = world.connect();
  client.send(PublishAckFrame{
      RequestId{1}, PublishOutcome::Applied, {Epoch::parse("e").value(), Offset{1}}});
  expect_ended(client, DisconnectCode::UnexpectedFrame);
}

TEST(Session, OfAnotherVersionIsRefused) {
  RelayWorld world;
  TestClient& client = world.connect_silent();
  HelloFrame hello;
  hello.version = 99;
  hello.token = "ann";
  client.send(hello);
  expect_ended(client, DisconnectCode::UnsupportedVersion);
}

TEST(Session, WithoutOrWithABadTokenIsRefusedAndTheTokenIsNotLogged) {
  RelayWorld world;
  TestClient& without = world.connect_silent();
  without.hello("");
  expect_ended(without, DisconnectCode::TokenInvalid);
  TestClient& bad = world.connect_silent();
  bad.hello("forged-token");
  expect_ended(bad, DisconnectCode::TokenInvalid);
  for (const std::string& line : world.log_lines) {
    EXPECT_EQ(line.find("forged-token"), std::string::npos) << line;
  }
}

TEST(Session, TokenErrorsKeepTheirMeaning) {
  RelayWorld world;
  world.tokens.insert_or_assign("old", Result<ClaimsPtr>(ErrorCode::TokenExpired, "expired"));
  world.tokens.insert_or_assign("down", Result<ClaimsPtr>(ErrorCode::Unavailable, "no keys"));
  TestClient& old = world.connect_silent();
  old.hello("old");
  expect_ended(old, DisconnectCode::TokenExpired);
  TestClient& down = world.connect_silent();
  down.hello("down");
  expect_ended(down, DisconnectCode::Unavailable);
}

TEST(Session, WhoseTokenCannotBeVerifiedInTimeIsEndedAndALateResultIsIgnored) {
  RelayWorld world;
  world.hold_tokens = true;
  TestClient& client = world.connect();
  world.advance(limits::verify_timeout);
  expect_ended(client, DisconnectCode::Unavailable);
  TestClient& next = world.connect_silent();  // takes the slot
  EXPECT_EQ(next.handle().slot, client.handle().slot);
  const VerifyToken late = world.held_tokens.front().second;
  world.shard().handle_token_result(world.now, late.id, ClaimsPtr(full_claims("ann")));
  world.run();
  EXPECT_TRUE(next.heard.empty());
}

TEST(Session, WhatIsSentWhileTheTokenIsVerifiedIsHandledAfterwardsInOrder) {
  RelayWorld world;
  world.hold_tokens = true;
  TestClient& client = world.connect_silent();
  HelloFrame hello;
  hello.token = "ann";
  Bytes message = bytes_of(hello);
  encode(SubscribeFrame{RequestId{1}, channel("open:a"), {}, 0}, message);
  client.send_bytes(message);
  client.send(PublishFrame{RequestId{2}, channel("open:a"), draft("7")});
  EXPECT_TRUE(client.heard.empty());
  world.shard().handle_token_result(world.now, world.held_tokens.front().second.id,
                                    ClaimsPtr(full_claims("ann")));
  world.run();
  ASSERT_EQ(client.all<WelcomeFrame>().size(), 1U);
  EXPECT_EQ(client.last<SubscribedFrame>().request, RequestId{1});
  EXPECT_EQ(client.last<PublishAckFrame>().request, RequestId{2});
  EXPECT_EQ(client.read(), "7");
  EXPECT_TRUE(std::holds_alternative<WelcomeFrame>(client.heard.front()));
}

TEST(Session, MayNotSendMoreThanTheLimitWhileTheTokenIsVerified) {
  RelayWorld world;
  world.hold_tokens = true;
  TestClient& client = world.connect();
  const Bytes frame = bytes_of(
      PublishFrame{RequestId{1}, channel("open:a"), draft("\"" + std::string(60'000, 'x') + "\"")});
  for (int n = 0; n < 4; ++n) client.send_bytes(frame);
  EXPECT_FALSE(client.closed.has_value());
  client.send_bytes(frame);
  expect_ended(client, DisconnectCode::Overloaded);
}

TEST(Session, BadBytesEndItAndNobodyElse) {
  RelayWorld world;
  TestClient& good = world.connect(0, "bob");
  const Bytes ping = bytes_of(PingFrame{1});
  const auto broken = [&](Bytes bytes, DisconnectCode code) {
    TestClient& client = world.connect();
    client.send_bytes(bytes);
    expect_ended(client, code);
  };
  broken(Bytes{}, DisconnectCode::MalformedFrame);
  broken(Bytes(ping.begin(), ping.end() - 1), DisconnectCode::MalformedFrame);
  broken(Bytes(64, 0xFF), DisconnectCode::MalformedFrame);
  Bytes unknown_type = ping;
  unknown_type[4] = 99;
  broken(unknown_type, DisconnectCode::MalformedFrame);
  broken(Bytes(limits::client_message_bytes_max + 1, 0), DisconnectCode::FrameTooLarge);
  good.send(PingFrame{5});
  EXPECT_EQ(good.last<PongFrame>().nonce, 5U);
}

TEST(Session, OptionalFramesOfALaterProtocolMayPrecedeTheHello) {
  RelayWorld world;
  world.tokens.insert_or_assign("good", ClaimsPtr(full_claims("ann")));
  Bytes optional = bytes_of(PingFrame{1});
  optional[4] = 99;
  optional[5] = wire::kFlagOptional;
  TestClient& client = world.connect_silent();
  client.send_bytes(optional);
  EXPECT_FALSE(client.closed.has_value()) << "a message of nothing else";
  HelloFrame hello;
  hello.client = "test/1";
  hello.session_id = "s";
  hello.token = "good";
  Bytes message = optional;
  encode(hello, message);
  encode(PingFrame{7}, message);
  client.send_bytes(message);
  EXPECT_EQ(client.all<WelcomeFrame>().size(), 1U);
  ASSERT_EQ(client.all<PongFrame>().size(), 1U) << "what follows the hello is read";
  EXPECT_EQ(client.last<PongFrame>().nonce, 7U);
}

TEST(Session, CommandsBeforeBadBytesInOneMessageAreStillAnswered) {
  RelayWorld world;
  TestClient& client = world.connect();
  Bytes message = bytes_of(PingFrame{1});
  message.resize(message.size() + 8, 0xFF);
  client.send_bytes(message);
  EXPECT_EQ(client.last<PongFrame>().nonce, 1U);
  expect_ended(client, DisconnectCode::MalformedFrame);
}

TEST(Session, AnInvalidChannelNameCostsTheCommandOnly) {
  RelayWorld world;
  TestClient& client = world.connect();
  Bytes message = bytes_of(SubscribeFrame{RequestId{3}, channel("open:a"), {}, 0});
  const std::string text(message.begin(), message.end());
  message[text.find("open:a")] = '*';
  client.send_bytes(message);
  EXPECT_EQ(client.last<RefusedFrame>().request, RequestId{3});
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::InvalidChannel);
  EXPECT_FALSE(client.closed.has_value());
}

TEST(Session, IsEndedWhenItsTokenExpires) {
  RelayWorld world;
  auto claims = full_claims("eve");
  claims->expires_at = world.now.wall + 60s;
  world.tokens.insert_or_assign("short", ClaimsPtr(claims));
  TestClient& client = world.connect_silent();
  client.hello("short");
  EXPECT_EQ(client.last<WelcomeFrame>().token_expires_in_ms, 60'000U);
  for (int second = 0; second < 59; ++second) {
    world.advance(1s);
    client.send(PingFrame{1});
  }
  EXPECT_FALSE(client.closed.has_value());
  world.advance(1s);
  expect_ended(client, DisconnectCode::TokenExpired);
}

TEST(Session, WithATokenThatExpiredBeforeItWasVerifiedIsRefused) {
  RelayWorld world;
  auto claims = full_claims("eve");
  claims->expires_at = world.now.wall;
  world.tokens.insert_or_assign("past", ClaimsPtr(claims));
  TestClient& client = world.connect_silent();
  client.hello("past");
  expect_ended(client, DisconnectCode::TokenExpired);
}

TEST(Heartbeat, ASilentConnectionIsPingedAndThenEnded) {
  RelayWorld world;
  TestClient& client = world.connect();
  world.advance(limits::heartbeat_interval_default - 1ms);
  EXPECT_TRUE(client.all<PingFrame>().empty());
  world.advance(1ms);
  EXPECT_EQ(client.all<PingFrame>().size(), 1U);
  world.advance(limits::heartbeat_timeout_default - 1ms);
  EXPECT_FALSE(client.closed.has_value());
  world.advance(1ms);
  expect_ended(client, DisconnectCode::HeartbeatTimeout);
}

TEST(Heartbeat, AnythingHeardIsLife) {
  RelayWorld world;
  TestClient& client = world.connect();
  for (int n = 0; n < 20; ++n) {
    world.advance(20s);
    client.send(PongFrame{0});
  }
  EXPECT_FALSE(client.closed.has_value());
  EXPECT_GE(client.all<PingFrame>().size(), 10U) << "the relay speaks at least once an interval";
}

TEST(Heartbeat, AReaderThatOnlyReceivesIsPingedTooAndNotEndedWhileItAnswers) {
  RelayWorld world;
  TestClient& client = world.connect();
  client.subscribe("open:a");
  std::size_t answered = 0;
  for (int second = 0; second < 200; ++second) {
    world.advance(1s);
    world.publish("open:a", draft("1"));
    if (client.all<PingFrame>().size() > answered) {
      answered = client.all<PingFrame>().size();
      client.send(PongFrame{0});
    }
  }
  EXPECT_FALSE(client.closed.has_value());
  EXPECT_GE(answered, 6U);
}

TEST(Heartbeat, ASlowReaderLivesAsLongAsItsSocketTakesBytes) {
  RelayWorld world;
  TestClient& client = world.connect();
  client.subscribe("open:a");
  const auto fill = [&] {
    client.stalled = true;
    world.publish("open:a", draft("1"));
  };
  fill();
  for (int n = 0; n < 10; ++n) {  // its link is busy with what was written: no ping is answered
    world.advance(limits::heartbeat_interval_default);
    world.writable(client);
    fill();
  }
  EXPECT_FALSE(client.closed.has_value());
  world.advance(limits::heartbeat_interval_default + limits::heartbeat_timeout_default);
  ASSERT_TRUE(client.closed.has_value()) << "it takes nothing any more";
  EXPECT_EQ(client.closed->code, static_cast<std::uint16_t>(DisconnectCode::HeartbeatTimeout));
}

TEST(Heartbeat, AnIdleShardIsWokenOncePerConnectionAndInterval) {
  RelayWorld world;
  TestClient& client = world.connect();
  client.send(PongFrame{0});
  const auto first = world.shard().poll_timeout();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(*first - world.now.monotonic, limits::heartbeat_interval_default);
}

TEST(Drain, EveryConnectionGetsASlotOfItsOwnWithinTheWindow) {
  RelayWorld world;
  std::vector<TestClient*> clients;
  for (int n = 0; n < 100; ++n) clients.push_back(&world.connect());
  TestClient& silent = world.connect_silent();
  world.shard().drain(world.now, 10s, 42);
  world.run();
  std::set<std::uint32_t> slots;
  for (const TestClient* client : clients) {
    expect_ended(*client, DisconnectCode::Restarting);
    const std::uint32_t slot = client->last<DisconnectFrame>().retry_after_ms;
    EXPECT_GT(slot, 0U);
    EXPECT_LE(slot, 10'000U);
    slots.insert(slot);
  }
  EXPECT_EQ(slots.size(), clients.size());
  EXPECT_TRUE(silent.closed.has_value());
  EXPECT_EQ(world.shard().connection_count(), 0U);
  TestClient& late = world.connect_silent();
  expect_ended(late, DisconnectCode::Unavailable);
}

TEST(Session, AnswersThatAreNotReadPauseReadingAndThenEndIt) {
  RelayWorld world;
  TestClient& client = world.connect();
  client.stalled = true;
  client.send(PingFrame{1});  // its pong blocks the socket
  Bytes pings;
  for (int n = 0; n < 10'000; ++n) encode(PingFrame{2}, pings);
  client.send_bytes(pings);
  EXPECT_FALSE(client.paused);
  client.send_bytes(pings);
  EXPECT_TRUE(client.paused);
  world.writable(client);
  EXPECT_FALSE(client.paused);
  EXPECT_EQ(client.all<PongFrame>().size(), 20'001U);
  EXPECT_LE(client.message_bytes_max, limits::joined_message_bytes_max);

  client.stalled = true;
  client.send(PingFrame{1});
  for (int n = 0; n < 7 && !client.closed.has_value(); ++n) client.send_bytes(pings);
  ASSERT_TRUE(client.closed.has_value());
  EXPECT_EQ(client.closed->code, static_cast<std::uint16_t>(DisconnectCode::Overloaded));
}

TEST(Session, LateCallsForAConnectionThatIsGoneMeetNobody) {
  RelayWorld world;
  TestClient& gone = world.connect();
  gone.disconnect();
  TestClient& next = world.connect();
  ASSERT_EQ(gone.handle().slot, next.handle().slot);
  const std::size_t heard = next.heard.size();
  world.shard().handle_blocked(world.now, gone.handle());
  world.shard().handle_message(world.now, gone.handle(), bytes_of(PingFrame{1}));
  world.shard().handle_disconnected(world.now, gone.handle());
  world.shard().handle_writable(world.now, gone.handle());
  world.run();
  EXPECT_EQ(next.heard.size(), heard);
  next.send(PingFrame{2});
  EXPECT_EQ(next.last<PongFrame>().nonce, 2U);
}

}  // namespace
}  // namespace tidegate::relay
