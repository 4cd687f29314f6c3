// Frames: u32 body_bytes, u8 type, u8 flags, u16 zero, body, zeros up to a multiple of 8;
// little-endian.
#include "tests/sim/check/wire_peek.h"

namespace tidegate::sim {
namespace {

class Peek {
 public:
  explicit Peek(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint64_t number(std::size_t width) {
    if (at_ + width > bytes_.size()) {
      broken_ = true;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      value |= static_cast<std::uint64_t>(bytes_[at_ + i]) << (8 * i);
    }
    at_ += width;
    return value;
  }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::string text() {
    const auto length = static_cast<std::size_t>(number(2));
    if (broken_ || at_ + length > bytes_.size()) {
      broken_ = true;
      return "";
    }
    std::string result(reinterpret_cast<const char*>(bytes_.data()) + at_, length);
    at_ += length;
    return result;
  }
  bool broken() const { return broken_; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

}  // namespace

bool peek_frames(std::span<const std::uint8_t> message,
                 const std::function<void(const PeekedFrame&)>& each) {
  std::size_t at = 0;
  while (at < message.size()) {
    Peek peek(message.subspan(at));
    const std::size_t body_bytes = peek.u32();
    const std::uint8_t type = peek.u8();
    const std::uint8_t flags = peek.u8();
    if (peek.broken() || at + 8 + body_bytes > message.size()) return false;
    each({type, flags, message.subspan(at + 8, body_bytes)});
    at += 8 + (body_bytes + 7) / 8 * 8;
  }
  return at == message.size();
}

bool peek_hello(std::span<const std::uint8_t> body, PeekedHello& hello) {
  Peek peek(body);
  peek.number(2);
  peek.text();
  hello.session_id = peek.text();
  hello.token = peek.text();
  return !peek.broken();
}

bool peek_subscribed(std::span<const std::uint8_t> body, PeekedSubscribed& subscribed) {
  Peek peek(body);
  subscribed.request = peek.u32();
  subscribed.stream = peek.u32();
  subscribed.outcome = peek.u8();
  subscribed.reason = peek.u8();
  subscribed.kind = peek.u8();
  subscribed.catch_up = peek.u8();
  subscribed.start = peek.number(8);
  subscribed.target = peek.number(8);
  subscribed.epoch = peek.text();
  subscribed.channel = peek.text();
  return !peek.broken();
}

bool peek_block(std::span<const std::uint8_t> body, PeekedBlock& block) {
  Peek peek(body);
  block.stream = peek.u32();
  block.rows = peek.u32();
  block.previous = peek.number(8);
  block.offset = peek.number(8);
  return !peek.broken();
}

bool peek_row(std::span<const std::uint8_t> body, std::uint32_t index, PeekedRow& row) {
  constexpr std::size_t kHeaderBytes = 48;
  constexpr std::size_t kRowBytes = 32;
  PeekedBlock block;
  const std::size_t at = kHeaderBytes + kRowBytes * index;
  if (!peek_block(body, block) || index >= block.rows || at > body.size()) return false;
  Peek peek(body.subspan(at));
  row.offset = peek.number(8);
  row.time_ms = peek.number(8);
  return !peek.broken();
}

bool peek_conflict(std::span<const std::uint8_t> body, PeekedConflict& conflict) {
  Peek peek(body);
  conflict.request = peek.u32();
  conflict.binary = peek.u8() == 1;
  peek.number(3);
  conflict.version = peek.number(8);
  conflict.payload_bytes = peek.u32();
  return !peek.broken();
}

bool peek_unsubscribed(std::span<const std::uint8_t> body, std::uint32_t& stream) {
  Peek peek(body);
  peek.u32();
  stream = peek.u32();
  return !peek.broken();
}

}  // namespace tidegate::sim
