#include "tests/sim/json_gateway.h"

#include <type_traits>

#include "core/base/limits.h"
#include "tests/sim/block_copy.h"

namespace tidegate::sim {
namespace {

/// What the encoders take: InvalidCommand is what a decoder makes of a frame that breaks a rule,
/// and none of ours does.
template <typename FrameT>
constexpr bool is_sendable = !std::is_same_v<FrameT, InvalidCommand>;

void add_block(const BlockFrame& frame, Bytes& out) {
  const BlockView& block = frame.block;
  BlockWriter writer(block.stream(), block.range());
  if (block.shape().records) writer.set_records();
  copy_rows(block, writer);
  writer.set_more(frame.more);
  if (block.shape().sweep) {
    writer.set_sweep(std::string(block.sweep_after()), std::string(block.sweep_until()),
                     block.sweep_read_at());
  }
  if (frame.has_digest) writer.set_digest(block.digest());
  writer.finish(out);
}

/// Gives `take` each frame of a message that is whole and in order.
template <typename Decoder, typename Take>
void each_frame(Decoder decoder, Take&& take) {
  while (auto next = decoder.next()) {
    TIDEGATE_CHECK(next->ok());
    std::visit(
        [&](const auto& frame) {
          constexpr bool sendable = is_sendable<std::decay_t<decltype(frame)>>;
          TIDEGATE_CHECK(sendable);
          if constexpr (sendable) take(frame);
        },
        **next);
  }
}

Bytes array_of(const std::vector<Bytes>& frames) {
  Bytes text;
  for (const Bytes& frame : frames) {
    text.push_back(text.empty() ? '[' : ',');
    text.insert(text.end(), frame.begin(), frame.end());
  }
  text.push_back(']');
  return text;
}

}  // namespace

std::vector<Bytes> to_json(ByteView message) {
  std::vector<Bytes> frames;
  std::size_t bytes = 2;
  each_frame(FrameDecoder(message), [&](const auto& frame) {
    encode_json(frame, frames.emplace_back());
    bytes += frames.back().size() + 1;
  });
  if (frames.size() < 2 || bytes > limits::client_message_bytes_max) return frames;
  return {array_of(frames)};
}

relay::SharedMessagePtr to_binary(const relay::SharedMessage& message) {
  Bytes out;
  each_frame(JsonDecoder(message.payload()), [&](const auto& frame) {
    if constexpr (std::is_same_v<std::decay_t<decltype(frame)>, BlockFrame>) {
      add_block(frame, out);
    } else {
      encode(frame, out);
    }
  });
  return relay::SharedMessage::binary(out);
}

}  // namespace tidegate::sim
