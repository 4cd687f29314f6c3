#include "edge/net/close_frame.h"

namespace tidegate::net {
namespace {

constexpr std::uint8_t kFinalClose = 0x88;
constexpr std::uint8_t kMasked = 0x80;

std::string_view fitting(std::string_view reason) {
  if (reason.size() <= kCloseReasonBytesMax) {
    return reason;
  }
  std::size_t end = kCloseReasonBytesMax;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80) {
    --end;  // never cut within a character of UTF-8
  }
  return reason.substr(0, end);
}

void append_payload(Bytes& frame, std::uint16_t code, std::string_view reason) {
  frame.push_back(static_cast<std::uint8_t>(code >> 8));
  frame.push_back(static_cast<std::uint8_t>(code & 0xFF));
  frame.insert(frame.end(), reason.begin(), reason.end());
}

}  // namespace

Bytes close_frame(std::uint16_t code, std::string_view reason) {
  const std::string_view text = fitting(reason);
  Bytes frame{kFinalClose, static_cast<std::uint8_t>(2 + text.size())};
  append_payload(frame, code, text);
  return frame;
}

Bytes masked_close_frame(std::uint16_t code, std::string_view reason,
                         std::array<std::uint8_t, 4> mask) {
  const std::string_view text = fitting(reason);
  Bytes frame{kFinalClose, static_cast<std::uint8_t>(kMasked | (2 + text.size())),
              mask[0],     mask[1],
              mask[2],     mask[3]};
  const std::size_t payload_at = frame.size();
  append_payload(frame, code, text);
  for (std::size_t i = payload_at; i < frame.size(); ++i) {
    frame[i] ^= mask[(i - payload_at) % 4];
  }
  return frame;
}

}  // namespace tidegate::net
