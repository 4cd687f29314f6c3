// One complete WebSocket message, framed once and shared by every connection of a shard that is to
// get it: the WebSocket header stands right before the payload, so that a shell may send `framed()`
// with one write. (RFC 6455, section 5.2; a server does not mask.)
#pragma once

#include <memory>

#include "core/base/types.h"

namespace tidegate::relay {

class SharedMessage {
 public:
  /// Frames `payload` as one binary message.
  static std::shared_ptr<const SharedMessage> binary(ByteView payload);
  /// Frames `payload`, which is UTF-8, as one text message.
  static std::shared_ptr<const SharedMessage> text(ByteView payload);

  ByteView payload() const { return ByteView(buffer_).subspan(header_bytes_); }
  ByteView framed() const { return buffer_; }

 private:
  static std::shared_ptr<const SharedMessage> framed(std::uint8_t first_byte, ByteView payload);

  Bytes buffer_;
  std::size_t header_bytes_ = 0;
};
using SharedMessagePtr = std::shared_ptr<const SharedMessage>;

}  // namespace tidegate::relay
