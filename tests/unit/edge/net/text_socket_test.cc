// The JSON subprotocol on the wire: who gets it, text frames in both directions, and what becomes
// of messages of the other kind.
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/limits.h"
#include "core/protocol/frame_encoder.h"
#include "tests/unit/edge/net/relay_fixture.h"

namespace tidegate::net::test {
namespace {

using nlohmann::json;

constexpr const char* kJsonProtocol = "tidegate.v1.json";

const std::string kHello =
    R"({"type":"hello","version":1,"client":"raw","sessionId":"s","token":"good"})";

/// A raw client that reads messages of text, frame by frame.
class TextClient : public RawClient {
 public:
  using RawClient::RawClient;

  void open() {
    const auto response = upgrade("/v1/connect", kJsonProtocol);
    ASSERT_TRUE(response.has_value());
    ASSERT_EQ(response->status, 101);
    EXPECT_EQ(response->headers.at("sec-websocket-protocol"), kJsonProtocol);
  }
  void open_and_greet() {
    open();
    ASSERT_TRUE(send_frame(kOpText, kHello));
    EXPECT_EQ(await("welcome")["version"], 1);
  }
  /// The next frame of that type; null when the connection ends before.
  json await(const std::string& type) {
    for (;;) {
      while (!frames_.empty()) {
        const json frame = frames_.front();
        frames_.erase(frames_.begin());
        if (frame["type"] == type) return frame;
      }
      const auto message = read_frame();
      if (!message.has_value() || message->opcode != kOpText) return nullptr;
      EXPECT_TRUE(message->final);
      const json said = json::parse(message->payload);
      frames_ = said.is_array() ? said : json::array({said});
    }
  }
  std::uint16_t await_close() {
    while (const auto message = read_frame()) {
      if (message->opcode == kOpClose) {
        reason = message->payload.substr(2);
        return message->close_code();
      }
    }
    return 0;
  }

  std::string reason;

 private:
  json frames_ = json::array();
};

class TextSocket : public RelayTest {
 protected:
  TextSocket() : RelayTest(Others::Bystander) {}
};

TEST_F(TextSocket, GreetsPublishesAndIsSentBlocks) {
  start();
  TextClient client(port());
  client.open_and_greet();
  ASSERT_TRUE(client.send_frame(
      kOpText, R"([{"type":"subscribe","request":1,"channel":"a"},)"
               R"({"type":"publish","request":2,"channel":"a","event":"e","data":{"x":1}}])"));
  EXPECT_EQ(client.await("subscribed")["request"], 1);
  const json block = client.await("block");
  EXPECT_EQ(block["rows"][0]["data"], json({{"x", 1}}));
  EXPECT_EQ(block["rows"][0]["event"], "e");
}

TEST_F(TextSocket, TheFirstOfferedSubprotocolThatIsKnownIsChosen) {
  start();
  const std::pair<const char*, const char*> offers[] = {
      {"tidegate.v1.json", "tidegate.v1.json"},
      {"tidegate.v1.json, tidegate.v1", "tidegate.v1.json"},
      {"tidegate.v1, tidegate.v1.json", "tidegate.v1"},
      {"tidegate.v2, tidegate.v1.json,tidegate.v1", "tidegate.v1.json"},
      {"plain, tidegate.v1,tidegate.v1.json", "tidegate.v1"},
  };
  for (const auto& [offered, chosen] : offers) {
    RawClient client(port());
    const auto response = client.upgrade("/v1/connect", offered);
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 101);
    EXPECT_EQ(response->headers.at("sec-websocket-protocol"), chosen) << offered;
  }
}

TEST_F(TextSocket, PutsFragmentsOfTextTogether) {
  start();
  TextClient client(port());
  client.open();
  ASSERT_TRUE(client.send_frame(kOpText, kHello.substr(0, 9), false));
  ASSERT_TRUE(client.send_frame(kOpContinuation, kHello.substr(9, 20), false));
  ASSERT_TRUE(client.send_frame(kOpContinuation, kHello.substr(29), true));
  EXPECT_EQ(client.await("welcome")["version"], 1);
  const std::string long_text(limits::websocket_rx_buffer_bytes * 20, 'l');
  ASSERT_TRUE(client.send_frame(
      kOpText, R"({"type":"publish","request":1,"channel":"a","data":")" + long_text + "\"}"));
  EXPECT_EQ(client.await("publish_ack")["outcome"], "applied");
}

TEST_F(TextSocket, ClosesOnBinaryMessagesWithTheirCode) {
  start();
  TextClient client(port());
  client.open_and_greet();
  ASSERT_TRUE(client.send_frame(kOpBinary, R"({"type":"ping","nonce":1})"));
  EXPECT_EQ(client.await_close(), 1003);
  EXPECT_NE(client.reason.find("tidegate.v1.json is text"), std::string::npos) << client.reason;
  TextClient fragments(port());
  fragments.open();
  ASSERT_TRUE(fragments.send_frame(kOpBinary, kHello.substr(0, 9), false));
  EXPECT_EQ(fragments.await_close(), 1003);
  expect_alive();
}

TEST_F(TextSocket, ClosesOnTextThatIsMalformedWithItsCodeAndPlace) {
  start();
  TextClient client(port());
  client.open_and_greet();
  ASSERT_TRUE(client.send_frame(kOpText, R"([{"type":"ping","nonce":1},{"type":"ping"}])"));
  EXPECT_EQ(client.await("pong")["nonce"], 1);
  EXPECT_EQ(client.await_close(), 4500);
  EXPECT_EQ(client.reason, "ping: /1/nonce is missing");
  TextClient not_utf8(port());
  not_utf8.open_and_greet();
  ASSERT_TRUE(not_utf8.send_frame(kOpText, "{\"type\":\"p\xC3\"}"));
  EXPECT_EQ(not_utf8.await_close(), 4500);
  expect_alive();
}

TEST_F(TextSocket, ReadsWhatABinaryClientPublishes) {
  start();
  TextClient text(port());
  text.open_and_greet();
  ASSERT_TRUE(text.send_frame(kOpText, R"({"type":"subscribe","request":1,"channel":"a"})"));
  EXPECT_EQ(text.await("subscribed")["channel"], "a");
  RawClient binary(port());
  ASSERT_EQ(binary.upgrade()->status, 101);
  HelloFrame hello;
  hello.token = "good";
  PublishFrame publish;
  publish.request = RequestId{1};
  publish.channel = *ChannelName::parse("a");
  publish.draft.payload_kind = PayloadKind::Binary;
  publish.draft.payload = {0x00, 0xFF};
  Bytes message;
  encode(hello, message);
  encode(publish, message);
  ASSERT_TRUE(binary.send_frame(kOpBinary, as_text(message)));
  EXPECT_EQ(text.await("block")["rows"][0]["dataBase64"], "AP8=");
}

}  // namespace
}  // namespace tidegate::net::test
