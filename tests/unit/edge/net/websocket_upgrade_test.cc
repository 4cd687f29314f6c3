// From a request to a WebSocket, byte by byte: who is let in, and that nothing of the first
// messages is lost or damaged, however they come.
#include <string>

#include "core/base/limits.h"
#include "tests/unit/edge/net/websocket_fixture.h"

namespace tidegate::net::test {
namespace {

TEST_F(WebSocket, PicksOurProtocolFromAList) {
  start();
  FrameClient client(port());
  const auto response = client.upgrade("/v1/connect", "plain, http, tidegate.v1");
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 101);
  EXPECT_EQ(response->headers.at("sec-websocket-protocol"), "tidegate.v1");
}

TEST_F(WebSocket, RefusesOtherPathsAndProtocolsBeforeTheUpgrade) {
  start();
  for (const char* protocol :
       {"", "chat", "tidegate.v1.xml", "tidegate.v2", "http", "plain http"}) {
    FrameClient client(port());
    expect_refused(client, client.upgrade("/v1/connect", protocol), 400, "tidegate.v1");
  }
  for (const char* path : {"/", "/v1/connect/", "/v1", "/v2/connect"}) {
    FrameClient client(port());
    expect_refused(client, client.upgrade(path), 404, "/v1/connect");
  }
  EXPECT_EQ(relay_sum().connections_opened, 1U) << "the bystander's";
}

TEST_F(WebSocket, RefusesAnUpgradeBehindOtherRequestsInItsTurn) {
  start();
  FrameClient client(port());
  ASSERT_TRUE(client.send(get("/hello")));
  EXPECT_EQ(client.read_response()->body, "hello");
  expect_refused(client, client.upgrade("/v1/connect", "chat"), 400, "tidegate.v1");
  FrameClient hasty(port());
  ASSERT_TRUE(hasty.send(get("/hello") + upgrade_request("/nowhere")));
  EXPECT_EQ(hasty.read_response()->body, "hello");
  expect_refused(hasty, hasty.read_response(), 404, "/v1/connect");
}

TEST_F(WebSocket, RefusesAnotherVersionAndMissingKeys) {
  start();
  FrameClient version(port());
  ASSERT_TRUE(version.send(
      "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Protocol: tidegate.v1\r\n\r\n"));
  expect_refused(version, version.read_response(), 426, "13");
  FrameClient key(port());
  ASSERT_TRUE(key.send(
      "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tidegate.v1\r\n\r\n"));
  expect_refused(key, key.read_response(), 400, "Sec-WebSocket-Key");
}

/// Of a length, and damaged by whatever is written over any of its bytes.
std::string text_of(std::size_t bytes) {
  std::string text = "\"";
  for (std::size_t i = 0; text.size() < bytes - 1; ++i) {
    text += static_cast<char>('a' + (i * 7 + i / 26) % 26);
  }
  return text + "\"";
}

/// Everything that a client has to say, without waiting for an answer.
std::string all_at_once(const std::string& payload) {
  return client_frame(kOpBinary, hello()) + client_frame(kOpBinary, subscribe(1, "hasty")) +
         client_frame(kOpBinary, publish(2, "hasty", payload));
}

/// Reads on until the payload is delivered as it was published.
bool is_delivered(FrameClient& client, const std::string& payload) {
  while (const auto message = client.read_frame()) {
    if (message->payload.find(payload) != std::string::npos) {
      return true;
    }
  }
  return false;
}

TEST_F(WebSocket, TakesTheUpgradeAndTheFirstMessagesInOnePacket) {
  start();
  for (const std::size_t bytes : {100U, 152U, 300U, 2000U, 20'000U, 60'000U}) {
    SCOPED_TRACE(bytes);
    FrameClient client(port());
    ASSERT_TRUE(client.send(upgrade_request() + all_at_once(text_of(bytes))));
    ASSERT_EQ(client.read_response()->status, 101);
    EXPECT_TRUE(is_delivered(client, text_of(bytes)));
  }
}

TEST_F(WebSocket, TakesTheFirstMessagesWhereverThePacketsAreCut) {
  start();
  const std::string payload = text_of(2000);
  const std::string upgrade = upgrade_request();
  const std::string words = upgrade + all_at_once(payload);
  for (const std::size_t cut :
       {std::size_t{1}, upgrade.size() / 2, upgrade.size() - 3, upgrade.size() - 1, upgrade.size(),
        upgrade.size() + 1, upgrade.size() + 10, words.size() - 1}) {
    SCOPED_TRACE(cut);
    FrameClient client(port());
    ASSERT_TRUE(client.send(words.substr(0, cut)));
    // Until the relay has seen it: a wakeup of its worker with nothing else to do.
    expect_alive();
    ASSERT_TRUE(client.send(words.substr(cut)));
    ASSERT_EQ(client.read_response()->status, 101);
    EXPECT_TRUE(is_delivered(client, payload));
  }
}

TEST_F(WebSocket, TakesTheFirstMessagesBehindAnUpgradeBehindAnotherRequest) {
  start();
  FrameClient client(port());
  const std::string payload = text_of(2000);
  ASSERT_TRUE(client.send(get("/hello") + upgrade_request() + all_at_once(payload)));
  EXPECT_EQ(client.read_response()->body, "hello");
  ASSERT_EQ(client.read_response()->status, 101);
  EXPECT_TRUE(is_delivered(client, payload));
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
  FrameClient client(port());
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
    FrameClient client(port());
    ASSERT_TRUE(client.send(upgrade.substr(0, cut)));
    client.send_end();
    EXPECT_TRUE(client.closed_without_words()) << "cut at " << cut;
  }
  const std::string frames = client_frame(kOpBinary, hello()) + long_publish();
  for (std::size_t cut = 0; cut < frames.size(); ++cut) {
    FrameClient client(port());
    open(client);
    ASSERT_TRUE(client.send(frames.substr(0, cut)));
    client.send_end();
    EXPECT_TRUE(client.drain_until_closed()) << "cut at " << cut;
  }
  EXPECT_TRUE(eventually([this] { return net_sum().connections_open == 1; })) << "the bystander's";
  expect_alive();
  EXPECT_EQ(relay_sum().publishes_applied, 1U)
      << "to the bystander; none of a message that never was whole";
  FrameClient whole(port());
  open(whole);
  ASSERT_TRUE(whole.send(frames));
  const auto ack = whole.await<PublishAckFrame>();
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->position.offset, Offset{1});
}

}  // namespace
}  // namespace tidegate::net::test
