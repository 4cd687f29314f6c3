// A raw client that also speaks the frames of our protocol.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "core/protocol/frame_decoder.h"
#include "core/protocol/frame_encoder.h"
#include "tests/unit/edge/net/raw_client.h"

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
class FrameClient : public RawClient {
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

}  // namespace tidegate::net::test
