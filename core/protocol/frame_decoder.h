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

  /// The next frame; nullopt at the end; MalformedFrame or UnknownFrameType when the bytes are not
  /// a message of this protocol, after which it stays at nullopt: nothing behind a fault can be
  /// trusted. A hello or welcome of a version that is not ours comes with nothing but its version.
  std::optional<Result<Frame>> next();
  /// What follows the frame that was read last.
  ByteView rest() const { return message_.subspan(at_); }

 private:
  static Result<Frame> decode_body(wire::FrameType type, std::uint8_t flags, ByteView body,
                                   std::uint32_t body_at);
  std::optional<Result<Frame>> fail(Error error);

  ByteView message_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace tidegate
