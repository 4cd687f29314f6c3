// WebSockets byte by byte: who is let in, how messages are put together, and how connections end.
#include <deque>
#include <set>
#include <string>
#include <thread>

#include "core/base/limits.h"
#include "core/protocol/frame_decoder.h"
#include "core/protocol/frame_encoder.h"
#include "tests/unit/edge/net/relay_fixture.h"

namespace tidegate::net::test {
namespace {

using namespace std::chrono_literals;

std::string hello(std::string_view token = "good") {
  HelloFrame frame;
  frame.client = "raw";
  frame.session_id = "raw-session";
  frame.token = token;
  Bytes bytes;
  encode(frame, bytes);
  return std::string(as_text(bytes));
}

std::string publish(std::uint32_t request, std::string_view channel, std::string_view payload) {
  PublishFrame frame;
  frame.request = static_cast<RequestId>(request);
  frame.channel = *ChannelName::parse(channel);
  frame.draft.payload.assign(payload.begin(), payload.end());
  Bytes bytes;
  encode(frame, bytes);
  return std::string(as_text(bytes));
}

std::string subscribe(std::uint32_t request, std::string_view channel) {
  SubscribeFrame frame;
  frame.request = static_cast<RequestId>(request);
  frame.channel = *ChannelName::parse(channel);
  Bytes bytes;
  encode(frame, bytes);
  return std::string(as_text(bytes));
}

/// A raw client that also reads the frames of our protocol. Of blocks only the numbers may be used:
/// what they point to is gone.
class WireClient : public RawClient {
 public:
  using RawClient::RawClient;

  /// The next frame of type T; nullopt when the connection ends before.
  template <typename T>
  std::optional<T> await() {
    for (;;) {
      while (!frames_.empty()) {
        const Frame frame = std::move(frames_.front());
        frames_.pop_front();
        if (const T* wanted = std::get_if<T>(&frame)) {
          return *wanted;
        }
      }
      if (!read_message()) {
        return std::nullopt;
      }
    }
  }

  /// Reads on until the close frame; 0 when the connection ends without one.
  std::uint16_t await_close() {
    while (const auto message = read_frame()) {
      if (message->opcode == kOpClose) {
        return message->close_code();
      }
    }
    return 0;
  }

 private:
  bool read_message() {
    const auto message = read_frame();
    if (!message.has_value() || message->opcode != kOpBinary) {
      return false;
    }
    FrameDecoder decoder(as_bytes(message->payload));
    while (auto frame = decoder.next()) {
      if (!frame->ok()) {
        return false;
      }
      frames_.push_back(**frame);
    }
    return true;
  }

  std::deque<Frame> frames_;
};

class WebSocket : public RelayTest {
 protected:
  void expect_refused(WireClient& client, const std::optional<RawResponse>& response, int status,
                      std::string_view word) {
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, status);
    EXPECT_NE(response->body.find(word), std::string::npos) << response->body;
    EXPECT_TRUE(client.drain_until_closed());
    expect_alive();
  }
  void open(WireClient& client) {
    const auto response = client.upgrade();
    ASSERT_TRUE(response.has_value());
    ASSERT_EQ(response->status, 101);
    EXPECT_EQ(response->headers.at("sec-websocket-protocol"), "tidegate.v1");
    EXPECT_EQ(response->headers.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  }
  void open_and_greet(WireClient& client) {
    open(client);
    ASSERT_TRUE(client.send_frame(kOpBinary, hello()));
    ASSERT_TRUE(client.await<WelcomeFrame>().has_value());
  }
};

TEST_F(WebSocket, GreetsWhoGreets) {
  start();
  WireClient client(port());
  open_and_greet(client);
}

TEST_F(WebSocket, PicksOurProtocolFromAList) {
  start();
  WireClient client(port());
  const auto response = client.upgrade("/v1/connect", "plain, http, tidegate.v1");
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 101);
  EXPECT_EQ(response->headers.at("sec-websocket-protocol"), "tidegate.v1");
}

TEST_F(WebSocket, RefusesOtherPathsAndProtocolsBeforeTheUpgrade) {
  start();
  for (const char* protocol :
       {"", "chat", "tidegate.v1.xml", "tidegate.v2", "http", "plain http"}) {
    WireClient client(port());
    expect_refused(client, client.upgrade("/v1/connect", protocol), 400, "tidegate.v1");
  }
  for (const char* path : {"/", "/v1/connect/", "/v1", "/v2/connect"}) {
    WireClient client(port());
    expect_refused(client, client.upgrade(path), 404, "/v1/connect");
  }
  EXPECT_EQ(relay_sum().connections_opened, 0U);
}

TEST_F(WebSocket, RefusesAnUpgradeBehindOtherRequestsInItsTurn) {
  start();
  WireClient client(port());
  ASSERT_TRUE(client.send(get("/hello")));
  EXPECT_EQ(client.read_response()->body, "hello");
  expect_refused(client, client.upgrade("/v1/connect", "chat"), 400, "tidegate.v1");
  WireClient hasty(port());
  ASSERT_TRUE(hasty.send(get("/hello") + upgrade_request("/nowhere")));
  EXPECT_EQ(hasty.read_response()->body, "hello");
  expect_refused(hasty, hasty.read_response(), 404, "/v1/connect");
}

TEST_F(WebSocket, RefusesAnotherVersionAndMissingKeys) {
  start();
  WireClient version(port());
  ASSERT_TRUE(version.send(
      "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Protocol: tidegate.v1\r\n\r\n"));
  expect_refused(version, version.read_response(), 426, "13");
  WireClient key(port());
  ASSERT_TRUE(key.send(
      "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tidegate.v1\r\n\r\n"));
  expect_refused(key, key.read_response(), 400, "Sec-WebSocket-Key");
}

TEST_F(WebSocket, PutsFragmentsTogether) {
  start();
  WireClient client(port());
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
  WireClient client(port());
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

TEST_F(WebSocket, TakesTheUpgradeAndTheFirstMessageInOnePacket) {
  start();
  WireClient client(port());
  ASSERT_TRUE(client.send(upgrade_request() + client_frame(kOpBinary, hello())));
  ASSERT_EQ(client.read_response()->status, 101);
  EXPECT_TRUE(client.await<WelcomeFrame>().has_value());
}

/// More than the library reads at once, so that it comes in several parts.
std::string long_publish() {
  const std::string text(limits::websocket_rx_buffer_bytes + 100, 'l');
  return client_frame(kOpBinary, publish(1, "bytes", "\"" + text + "\""));
}

void send_bytewise(RawClient& client, const std::string& bytes) {
  for (const char byte : bytes) {
    ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
  }
}

TEST_F(WebSocket, TakesWhatComesByteByByte) {
  start();
  WireClient client(port());
  send_bytewise(client, upgrade_request());
  ASSERT_EQ(client.read_response()->status, 101);
  send_bytewise(client, client_frame(kOpBinary, hello()) + long_publish());
  EXPECT_TRUE(client.await<WelcomeFrame>().has_value());
  EXPECT_TRUE(client.await<PublishAckFrame>().has_value());
}

TEST_F(WebSocket, AConnectionCutAtAnyByteLosesWholeMessagesAndNothingOfThemIsHeard) {
  start();
  const std::string upgrade = upgrade_request();
  for (std::size_t cut = 0; cut < upgrade.size(); ++cut) {
    WireClient client(port());
    ASSERT_TRUE(client.send(upgrade.substr(0, cut)));
    client.send_end();
    EXPECT_TRUE(client.closed_without_words()) << "cut at " << cut;
  }
  const std::string frames = client_frame(kOpBinary, hello()) + long_publish();
  for (std::size_t cut = 0; cut < frames.size(); ++cut) {
    WireClient client(port());
    open(client);
    ASSERT_TRUE(client.send(frames.substr(0, cut)));
    client.send_end();
    EXPECT_TRUE(client.drain_until_closed()) << "cut at " << cut;
  }
  EXPECT_TRUE(eventually([this] { return net_sum().connections_open == 0; }));
  EXPECT_EQ(relay_sum().publishes_applied, 0U) << "of a message that never was whole";
  WireClient whole(port());
  open(whole);
  ASSERT_TRUE(whole.send(frames));
  const auto ack = whole.await<PublishAckFrame>();
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->position.offset, Offset{1});
}

TEST_F(WebSocket, ClosesOnAMessageOverTheLimitWithItsCode) {
  config_->client_message_bytes_max = 10'000;
  start();
  WireClient whole(port());
  open_and_greet(whole);
  whole.send_frame(kOpBinary, std::string(10'001, 'x'));
  EXPECT_EQ(whole.await_close(), 4504);
  WireClient pieces(port());
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
  WireClient client(port());
  open_and_greet(client);
  ASSERT_TRUE(client.send_frame(kOpText, "{}"));
  EXPECT_EQ(client.await_close(), 1003);
  EXPECT_TRUE(client.send_frame(kOpClose, std::string("\x03\xeb", 2)));
  EXPECT_TRUE(client.drain_until_closed());
}

TEST_F(WebSocket, ClosesOnMalformedBytesAndBadTokensWithTheirCodes) {
  start();
  WireClient malformed(port());
  open(malformed);
  ASSERT_TRUE(malformed.send_frame(kOpBinary, "this is not a frame"));
  EXPECT_EQ(malformed.await_close(), 4500);
  WireClient token(port());
  open(token);
  ASSERT_TRUE(token.send_frame(kOpBinary, hello("bad")));
  EXPECT_EQ(token.await_close(), 4502);
  expect_alive();
}

TEST_F(WebSocket, ClosesWhoConnectsAndSaysNothing) {
  config_->hello_timeout = 100ms;
  start();
  WireClient client(port());
  open(client);
  EXPECT_EQ(client.await_close(), 4002);
}

TEST_F(WebSocket, EndsTheConnectionOfWhoNeverAnswersTheClose) {
  config_->hello_timeout = 50ms;
  start();
  WireClient client(port());
  open(client);
  EXPECT_EQ(client.await_close(), 4002);
  EXPECT_TRUE(client.drain_until_closed()) << "after the close timeout at the latest";
}

TEST_F(WebSocket, AnswersACloseWithAClose) {
  start();
  WireClient client(port());
  open_and_greet(client);
  ASSERT_TRUE(client.send_frame(kOpClose, std::string("\x03\xE8", 2)));
  EXPECT_EQ(client.await_close(), 1000);
  EXPECT_TRUE(client.drain_until_closed());
  EXPECT_TRUE(eventually([this] { return relay_sum().connections_closed == 1; }));
}

TEST_F(WebSocket, ForgetsWhoIsCutOff) {
  start();
  {
    WireClient client(port());
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
    WireClient client(port());
    open(client);
    client.send(frame);
    client.send_frame(kOpBinary, std::string(2000, 'x'));
    EXPECT_EQ(client.await_close(), code);
    client.send_end();
    EXPECT_TRUE(client.drain_until_closed());
  }
  EXPECT_TRUE(eventually([this] { return net_sum().connections_open == 0; }));
  expect_alive();
}

TEST_F(WebSocket, WhoDoesNotReadDisturbsNobodyAndGetsAllInTheEnd) {
  start([](ServerOptions& options) { options.workers = 1; });
  WireClient blocked(port(), 4096);
  open_and_greet(blocked);
  ASSERT_TRUE(blocked.send_frame(kOpBinary, subscribe(1, "feed")));
  ASSERT_TRUE(blocked.await<SubscribedFrame>().has_value());
  WireClient reader(port());
  open_and_greet(reader);
  ASSERT_TRUE(reader.send_frame(kOpBinary, subscribe(1, "feed")));
  ASSERT_TRUE(reader.await<SubscribedFrame>().has_value());

  constexpr std::uint64_t kCount = 200;
  const std::string payload = "\"" + std::string(30'000, 'b') + "\"";
  WireClient publisher(port());
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
  WireClient client(port());
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
  WireClient client(port());
  open_and_greet(client);
  WireClient idle(port());
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
  EXPECT_FALSE(WireClient(port()).connected());
}

}  // namespace
}  // namespace tidegate::net::test
