#include "edge/relay/encoding.h"

#include <algorithm>
#include <cstring>

#include "core/base/limits.h"

namespace tidegate::relay {
namespace {

std::variant<FrameDecoder, JsonDecoder> decoder_of(Encoding encoding, ByteView message,
                                                   std::uint32_t frames_read) {
  if (encoding == Encoding::Json) {
    return JsonDecoder(message, frames_read);
  }
  return FrameDecoder(message);
}

std::size_t whole_binary_frames(const Bytes& waiting) {
  std::size_t at = 0;
  while (at < waiting.size()) {
    std::uint32_t body_bytes = 0;
    std::memcpy(&body_bytes, waiting.data() + at, sizeof(body_bytes));
    const std::size_t next = at + wire::padded(wire::kFrameHeaderBytes + body_bytes);
    if (at > 0 && next > limits::joined_message_bytes_max) {
      break;
    }
    at = next;
  }
  return at;
}

std::size_t whole_json_frames(const Bytes& waiting) {
  const auto fits = waiting.begin() + limits::joined_message_bytes_max;
  const auto last = std::find(std::make_reverse_iterator(fits), waiting.rend(), kJsonFrameEnd);
  if (last != waiting.rend()) {
    return static_cast<std::size_t>(waiting.rend() - last);
  }
  const auto first = std::find(fits, waiting.end(), kJsonFrameEnd);
  TIDEGATE_CHECK(first != waiting.end());
  return static_cast<std::size_t>(first - waiting.begin()) + 1;
}

SharedMessagePtr joined_text(ByteView frames, const std::vector<ByteView>& blocks) {
  Bytes text{'['};
  std::size_t count = blocks.size();
  for (const std::uint8_t byte : frames) {
    const bool ends = byte == kJsonFrameEnd;
    text.push_back(ends ? std::uint8_t{','} : byte);
    count += ends ? 1 : 0;
  }
  for (const ByteView block : blocks) {
    text.insert(text.end(), block.begin(), block.end());
    text.push_back(',');
  }
  TIDEGATE_CHECK(count > 0 && text.back() == ',');
  text.back() = ']';
  return SharedMessage::text(count > 1 ? ByteView(text)
                                       : ByteView(text).subspan(1, text.size() - 2));
}

SharedMessagePtr joined_binary(ByteView frames, const std::vector<ByteView>& blocks) {
  if (blocks.empty()) {
    return SharedMessage::binary(frames);
  }
  Bytes joined(frames.begin(), frames.end());
  for (const ByteView block : blocks) {
    joined.insert(joined.end(), block.begin(), block.end());
  }
  return SharedMessage::binary(joined);
}

}  // namespace

MessageDecoder::MessageDecoder(Encoding encoding, ByteView message, std::uint32_t frames_read)
    : message_(message), decoder_(decoder_of(encoding, message, frames_read)) {}

std::optional<Result<Frame>> MessageDecoder::next() {
  return std::visit([](auto& decoder) { return decoder.next(); }, decoder_);
}

UnreadFrames MessageDecoder::rest() const {
  if (const auto* binary = std::get_if<FrameDecoder>(&decoder_)) {
    const ByteView rest = binary->rest();
    return UnreadFrames{Bytes(rest.begin(), rest.end()), 0};
  }
  const auto& json = *std::get_if<JsonDecoder>(&decoder_);
  if (!json.has_more()) {
    return UnreadFrames{};
  }
  // As a whole, so that a fault tells its place in what was sent.
  return UnreadFrames{Bytes(message_.begin(), message_.end()), json.frames_read()};
}

std::size_t whole_frames(Encoding encoding, const Bytes& waiting) {
  if (waiting.size() <= limits::joined_message_bytes_max) {
    return waiting.size();
  }
  return encoding == Encoding::Binary ? whole_binary_frames(waiting) : whole_json_frames(waiting);
}

SharedMessagePtr joined_message(Encoding encoding, ByteView frames,
                                const std::vector<ByteView>& blocks) {
  return encoding == Encoding::Binary ? joined_binary(frames, blocks) : joined_text(frames, blocks);
}

SharedMessagePtr block_message(Encoding encoding, ByteView block) {
  if (encoding == Encoding::Binary) {
    return SharedMessage::binary(block);
  }
  const auto frame = FrameDecoder(block).next();
  TIDEGATE_CHECK(frame.has_value() && frame->ok());
  Bytes text;
  text.reserve(2 * block.size());
  encode_json(*std::get_if<BlockFrame>(&frame->value()), text);
  return SharedMessage::text(text);
}

}  // namespace tidegate::relay
