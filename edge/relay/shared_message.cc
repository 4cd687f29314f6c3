// Framing of one server-to-client WebSocket message (RFC 6455, section 5.2).
#include "edge/relay/shared_message.h"

namespace tidegate::relay {
namespace {

constexpr std::uint8_t kFinalText = 0x81;
constexpr std::uint8_t kFinalBinary = 0x82;
constexpr std::size_t kLengthIn7Bits = 125;
constexpr std::size_t kLengthIn16Bits = 0xFFFF;

void write_header(std::uint8_t first_byte, std::size_t payload_bytes, Bytes& out) {
  out.push_back(first_byte);
  int length_bytes = 0;
  if (payload_bytes <= kLengthIn7Bits) {
    out.push_back(static_cast<std::uint8_t>(payload_bytes));
  } else if (payload_bytes <= kLengthIn16Bits) {
    out.push_back(126);
    length_bytes = 2;
  } else {
    out.push_back(127);
    length_bytes = 8;
  }
  for (int at = length_bytes - 1; at >= 0; --at) {
    out.push_back(static_cast<std::uint8_t>(std::uint64_t{payload_bytes} >> (8 * at)));
  }
}

}  // namespace

std::shared_ptr<const SharedMessage> SharedMessage::binary(ByteView payload) {
  return framed(kFinalBinary, payload);
}

std::shared_ptr<const SharedMessage> SharedMessage::text(ByteView payload) {
  return framed(kFinalText, payload);
}

std::shared_ptr<const SharedMessage> SharedMessage::framed(std::uint8_t first_byte,
                                                           ByteView payload) {
  constexpr std::size_t kHeaderBytesMax = 10;
  auto message = std::make_shared<SharedMessage>();
  message->buffer_.reserve(kHeaderBytesMax + payload.size());
  write_header(first_byte, payload.size(), message->buffer_);
  message->header_bytes_ = message->buffer_.size();
  message->buffer_.insert(message->buffer_.end(), payload.begin(), payload.end());
  return message;
}

}  // namespace tidegate::relay
