// WebSockets frame by frame: how messages are put together, what breaks the protocol, and how
// connections end.
#include <set>
#include <string>
#include <thread>

#include "core/base/limits.h"
#include "tests/unit/edge/net/websocket_fixture.h"

namespace tidegate::net::test {
namespace {

using namespace std::chrono_literals;

TEST_F(WebSocket, GreetsWhoGreets) {
  start();
  FrameClient client(port());
  open_and_greet(client);
}

TEST_F(WebSocket, PutsFragmentsTogether) {
  start();
  FrameClient client(port());
  open(client);
  const std::string message = hello();
  ASSERT_TRUE(client.send_frame(kOpBinary, message.substr(0, 7), false));
  ASSERT_TRUE(client.send_frame(kOpContinuation, message.substr(7, 0), false));
  ASSERT_TRUE(client.send_frame(kOpPing, "between"));
  ASSERT_TRUE(client.send_frame(kOpContinuation, message.substr(7), true));
  const auto pong = client.read_frame();
  ASSERT_TRUE(pong.has_value());
  if (pong->opcode == kOpPong) {
    EXPECT_EQ(pong->payload, "between");
    EXPECT_TRUE(client.await<WelcomeFrame>().has_value());
  } else {
    EXPECT_EQ(pong->opcode, kOpBinary);
  }
}

TEST_F(WebSocket, TakesAMessageOfManyReadBuffersAndOneAfterAnother) {
  start();
  FrameClient client(port());
  open_and_greet(client);
  const std::string payload = "\"" + std::string(60'000, 'p') + "\"";
  ASSERT_TRUE(client.send_frame(kOpBinary, publish(1, "large", payload)));
  ASSERT_TRUE(client.send_frame(kOpBinary, publish(2, "large", "2")));
  for (std::uint64_t offset = 1; offset <= 2; ++offset) {
    const auto ack = client.await<PublishAckFrame>();
    ASSERT_TRUE(ack.has_value());
    EXPECT_EQ(ack->position.offset.value, offset);
  }
}

TEST_F(WebSocket, ClosesOnAMessageOverTheLimitWithItsCode) {
  config_->client_message_bytes_max = 10'000;
  start();
  FrameClient whole(port());
  open_and_greet(whole);
  whole.send_frame(kOpBinary, std::string(10'001, 'x'));
  EXPECT_EQ(whole.await_close(), 4504);
  FrameClient pieces(port());
  open_and_greet(pieces);
  ASSERT_TRUE(pieces.send_frame(kOpBinary, std::string(4'000, 'x'), false));
  for (int i = 0; i < 100; ++i) {
    if (!pieces.send_frame(kOpContinuation, std::string(4'000, 'x'), false)) {
      break;
    }
  }
  EXPECT_EQ(pieces.await_close(), 4504);
  expect_alive();
}

TEST_F(WebSocket, ClosesOnTextWithItsCode) {
  start();
  FrameClient client(port());
  open_and_greet(client);
  ASSERT_TRUE(client.send_frame(kOpText, "{}"));
  EXPECT_EQ(client.await_close(), 1003);
  EXPECT_TRUE(client.send_frame(kOpClose, std::string("\x03\xeb", 2)));
  EXPECT_TRUE(client.drain_until_closed());
}

TEST_F(WebSocket, ClosesOnMalformedBytesAndBadTokensWithTheirCodes) {
  start();
  FrameClient malformed(port());
  open(malformed);
  ASSERT_TRUE(malformed.send_frame(kOpBinary, "this is not a frame"));
  EXPECT_EQ(malformed.await_close(), 4500);
  FrameClient token(port());
  open(token);
  ASSERT_TRUE(token.send_frame(kOpBinary, hello("bad")));
  EXPECT_EQ(token.await_close(), 4502);
  expect_alive();
}

TEST_F(WebSocket, ClosesWhoConnectsAndSaysNothing) {
  config_->hello_timeout = 100ms;
  start();
  FrameClient client(port());
  open(client);
  EXPECT_EQ(client.await_close(), 4002);
}

TEST_F(WebSocket, EndsTheConnectionOfWhoNeverAnswersTheClose) {
  config_->hello_timeout = 50ms;
  start();
  FrameClient client(port());
  open(client);
  EXPECT_EQ(client.await_close(), 4002);
  EXPECT_TRUE(client.drain_until_closed()) << "after the close timeout at the latest";
}

TEST_F(WebSocket, AnswersACloseWithAClose) {
  start();
  FrameClient client(port());
  open_and_greet(client);
  ASSERT_TRUE(client.send_frame(kOpClose, std::string("\x03\xE8", 2)));
  EXPECT_EQ(client.await_close(), 1000);
  EXPECT_TRUE(client.drain_until_closed());
  EXPECT_TRUE(eventually([this] { return relay_sum().connections_closed == 1; }));
}

TEST_F(WebSocket, ForgetsWhoIsCutOff) {
  start();
  {
    FrameClient client(port());
    open_and_greet(client);
  }
  EXPECT_TRUE(eventually([this] { return relay_sum().connections_closed == 1; }));
}

TEST_F(WebSocket, EndsWhoBreaksTheProtocolWithACode) {
  config_->hello_timeout = 2s;
  start();
  const std::string mask(4, '\0');
  const std::uint16_t protocol_error = 1002;
  const auto malformed = static_cast<std::uint16_t>(DisconnectCode::MalformedFrame);
  const auto silent = static_cast<std::uint16_t>(DisconnectCode::HelloTimeout);
  const std::uint16_t none = 0;
  const std::pair<std::string, std::uint16_t> frames[] = {
      // The library reads what is not masked, so it is judged by its content.
      {std::string("\x82\x05hello", 7), malformed},
      {std::string("\x83\x80", 2) + mask, protocol_error},  // reserved opcode
      {std::string("\xC2\x80", 2) + mask, protocol_error},  // reserved bit
      {std::string("\x89\xFE\x01\x00", 4) + mask, none},    // ping of 256 bytes
      {std::string("\x80\x80", 2) + mask, protocol_error},  // continuation of nothing
      // 2^63 bytes are announced, and few come: nothing is set aside for the others.
      {std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10) + mask, silent},
      {std::string("\x88\x81", 2) + mask + "x", none},  // close with half a code
  };
  for (const auto& [frame, code] : frames) {
    SCOPED_TRACE(::testing::PrintToString(frame));
    FrameClient client(port());
    open(client);
    client.send(frame);
    client.send_frame(kOpBinary, std::string(2000, 'x'));
    EXPECT_EQ(client.await_close(), code);
    client.send_end();
    EXPECT_TRUE(client.drain_until_closed());
  }
  EXPECT_TRUE(eventually([this] { return net_sum().connections_open == 1; })) << "the bystander's";
  expect_alive();
}

TEST_F(WebSocket, WhoDoesNotReadDisturbsNobodyAndGetsAllInTheEnd) {
  start([](ServerOptions& options) { options.workers = 1; });
  FrameClient blocked(port(), 4096);
  open_and_greet(blocked);
  ASSERT_TRUE(blocked.send_frame(kOpBinary, subscribe(1, "feed")));
  ASSERT_TRUE(blocked.await<SubscribedFrame>().has_value());
  FrameClient reader(port());
  open_and_greet(reader);
  ASSERT_TRUE(reader.send_frame(kOpBinary, subscribe(1, "feed")));
  ASSERT_TRUE(reader.await<SubscribedFrame>().has_value());

  constexpr std::uint64_t kCount = 200;
  const std::string payload = "\"" + std::string(30'000, 'b') + "\"";
  FrameClient publisher(port());
  open_and_greet(publisher);
  std::uint64_t seen = 0;
  for (std::uint32_t i = 1; i <= kCount; ++i) {
    ASSERT_TRUE(publisher.send_frame(kOpBinary, publish(i, "feed", payload)));
    ASSERT_TRUE(publisher.await<PublishAckFrame>().has_value());
    while (seen < i) {  // the reader gets each at once
      const auto block = reader.await<BlockFrame>();
      ASSERT_TRUE(block.has_value());
      seen = block->block.range().offset.value;
    }
  }
  EXPECT_GE(relay_sum().connections_blocked + net_sum().partial_writes, 1U);
  std::uint64_t rows = 0;
  std::uint64_t top = 0;
  while (top < kCount) {
    const auto block = blocked.await<BlockFrame>();
    ASSERT_TRUE(block.has_value()) << "ended at " << top;
    EXPECT_LE(block->block.range().previous.value, top) << "a gap";
    rows += block->block.row_count();
    top = block->block.range().offset.value;
  }
  EXPECT_EQ(rows, kCount);
}

TEST_F(WebSocket, ABurstBeyondTheWindowIsHeldBackAndAcknowledgedInFull) {
  start([](ServerOptions& options) { options.workers = 3; });
  FrameClient client(port());
  open_and_greet(client);
  constexpr std::uint32_t kMessages = 10;
  constexpr std::uint32_t kPublishes = 300;  // more than may be in flight on a connection
  static_assert(kPublishes > limits::publishes_in_flight_per_connection_max);
  std::uint32_t request = 0;
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    std::string message;
    for (std::uint32_t j = 0; j < kPublishes; ++j) {
      ++request;
      message += publish(request, "burst:" + std::to_string(request % 7), "1");
    }
    ASSERT_TRUE(client.send_frame(kOpBinary, message));
  }
  std::set<RequestId> acknowledged;
  while (acknowledged.size() < request) {
    const auto ack = client.await<PublishAckFrame>();
    ASSERT_TRUE(ack.has_value()) << "after " << acknowledged.size();
    EXPECT_TRUE(acknowledged.insert(ack->request).second);
  }
}

TEST_F(WebSocket, DrainTellsEverybodyToComeBack) {
  start();
  FrameClient client(port());
  open_and_greet(client);
  FrameClient idle(port());
  ASSERT_TRUE(idle.send(get("/hello")));
  ASSERT_TRUE(idle.read_response().has_value());
  std::thread stopping([this] { server_->stop(10ms); });
  const auto disconnect = client.await<DisconnectFrame>();
  ASSERT_TRUE(disconnect.has_value());
  EXPECT_EQ(disconnect->code, 4000);
  EXPECT_EQ(client.await_close(), 4000);
  client.send_frame(kOpClose, std::string("\x0F\xA0", 2));
  EXPECT_TRUE(idle.drain_until_closed());
  stopping.join();
  EXPECT_FALSE(FrameClient(port()).connected());
}

}  // namespace
}  // namespace tidegate::net::test
