// A raw client that also speaks the frames of our protocol, and the relay that it is let loose on.
#pragma once

#include <deque>
#include <string>

#include "core/protocol/frame_decoder.h"
#include "core/protocol/frame_encoder.h"
#include "tests/unit/edge/net/relay_fixture.h"

namespace tidegate::net::test {

inline std::string hello(std::string_view token = "good") {
  HelloFrame frame;
  frame.client = "raw";
  frame.session_id = "raw-session";
  frame.token = token;
  Bytes bytes;
  encode(frame, bytes);
  return std::string(as_text(bytes));
}

inline std::string publish(std::uint32_t request, std::string_view channel,
                           std::string_view payload) {
  PublishFrame frame;
  frame.request = static_cast<RequestId>(request);
  frame.channel = *ChannelName::parse(channel);
  frame.draft.payload.assign(payload.begin(), payload.end());
  Bytes bytes;
  encode(frame, bytes);
  return std::string(as_text(bytes));
}

inline std::string subscribe(std::uint32_t request, std::string_view channel) {
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

}  // namespace tidegate::net::test
