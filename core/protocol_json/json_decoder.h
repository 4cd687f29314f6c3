// JSON text to values: reads the frames of one complete message, one at a time. Like FrameDecoder
// it does not know which role it plays, and what it calls malformed, an invalid command or unknown
// is the same; faults tell their place, as a byte of the text or as a JSON Pointer.
#pragma once

#include <optional>
#include <vector>

#include "core/base/json_slice.h"
#include "core/protocol/frame.h"

namespace tidegate {

class JsonDecoder {
 public:
  /// `message` must outlive the decoder. The first `frames_read` frames were read before: for going
  /// on with a message that was kept.
  explicit JsonDecoder(ByteView message, std::uint32_t frames_read = 0)
      : text_(as_text(message)), frames_to_skip_(frames_read) {}

  /// The next frame; nullopt at the end; MalformedFrame or UnknownFrameType when the text is not a
  /// message of this protocol, after which it stays at nullopt. Text that is not JSON is refused as
  /// a whole, before its first frame. A BlockFrame is valid as long as the decoder.
  std::optional<Result<Frame>> next();
  /// How many frames were read, those that could be skipped included.
  std::uint32_t frames_read() const { return index_; }
  /// Whether something follows the frame that was read last.
  bool has_more() const;

 private:
  Status begin();
  bool take(std::string_view& element);
  std::optional<Result<Frame>> fail(Error error);

  std::string_view text_;  // trimmed once it has begun
  std::uint32_t frames_to_skip_;
  std::optional<JsonArrayCursor> elements_;  // when it is an array
  std::uint32_t index_ = 0;
  std::size_t behind_ = 0;     // where the text goes on behind the element that was read last
  std::vector<Bytes> blocks_;  // what BlockFrames are views of
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace tidegate
