// Bytes to values: reads the frames of one complete message, one at a time. This file does not know
// which role it plays; who may say what is decided by the sessions.
#pragma once

#include <optional>

#include "core/protocol/frame.h"

namespace tidegate {

class FrameDecoder {
 public:
  /// `message` must outlive every BlockFrame that is decoded from it.
  explicit FrameDecoder(ByteView message) : message_(message) {}

  /// The next frame; nullopt at the end; MalformedFrame or UnknownFrameType when the bytes are not a
  /// message of this protocol, after which nothing more is to be read from it.
  std::optional<Result<Frame>> next();

 private:
  Result<Frame> decode_body(wire::FrameType type, std::uint8_t flags, ByteView body,
                            std::uint32_t body_at);

  ByteView message_;
  std::size_t at_ = 0;
};

}  // namespace tidegate
