// How the frames of a connection stand in its messages: binary, or as JSON text. Chosen once, at
// the upgrade; this is the one place in the relay's logic that knows one from the other. Everything
// else has frames, blocks and messages.
#pragma once

#include <array>
#include <optional>
#include <variant>
#include <vector>

#include "core/protocol/frame_decoder.h"
#include "core/protocol/frame_encoder.h"
#include "core/protocol_json/json_decoder.h"
#include "core/protocol_json/json_encoder.h"
#include "edge/relay/shared_message.h"

namespace tidegate::relay {

enum class Encoding : std::uint8_t { Binary, Json };
inline constexpr Encoding kEncodings[] = {Encoding::Binary, Encoding::Json};

/// One value for each encoding.
template <typename T>
class PerEncoding {
 public:
  T& operator[](Encoding encoding) { return values_[static_cast<std::size_t>(encoding)]; }
  const T& operator[](Encoding encoding) const {
    return values_[static_cast<std::size_t>(encoding)];
  }

 private:
  std::array<T, std::size(kEncodings)> values_{};
};

/// What is left of a message whose first frames were read.
struct UnreadFrames {
  Bytes message;                  // empty: nothing
  std::uint32_t frames_read = 0;  // of the message
};

/// Reads the frames of one complete message.
class MessageDecoder {
 public:
  /// `message` must outlive the decoder, and every block that is read.
  MessageDecoder(Encoding encoding, ByteView message, std::uint32_t frames_read = 0);

  /// As FrameDecoder::next().
  std::optional<Result<Frame>> next();
  /// What follows the frame that was read last, to go on with another time.
  UnreadFrames rest() const;

 private:
  ByteView message_;
  std::variant<FrameDecoder, JsonDecoder> decoder_;
};

// ---- control frames wait in a buffer of their connection, one behind the other

/// Ends each waiting frame of JSON. It stands nowhere within JSON text (RFC 7464 relies on it,
/// too).
inline constexpr std::uint8_t kJsonFrameEnd = 0x1E;

template <typename ControlFrame>
void append_frame(Encoding encoding, const ControlFrame& frame, Bytes& waiting) {
  if (encoding == Encoding::Binary) {
    encode(frame, waiting);
    return;
  }
  encode_json(frame, waiting);
  waiting.push_back(kJsonFrameEnd);
}

/// How many of the first bytes that wait are whole frames and fit into one message; at least one
/// frame.
std::size_t whole_frames(Encoding encoding, const Bytes& waiting);

/// One message of frames that waited, and of blocks, which are payloads of block_message().
SharedMessagePtr joined_message(Encoding encoding, ByteView frames,
                                const std::vector<ByteView>& blocks);

/// A block as a message of its own. `block` is its binary frame, from which every other encoding is
/// made.
SharedMessagePtr block_message(Encoding encoding, ByteView block);

}  // namespace tidegate::relay
