// Any bytes as a message: every frame is decoded and every row read to its last byte, so that the
// sanitizers see each access. What a command asks for is judged as a relay would judge it.
#include "core/protocol/frame_decoder.h"

namespace {

using namespace tidegate;

std::uint64_t sum_of(ByteView bytes) {
  std::uint64_t sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  return sum;
}

std::uint64_t read_block(const BlockView& block) {
  std::uint64_t sum = sum_of(as_bytes(block.json()));
  BlockView::EventNameCursor names = block.event_names();
  for (std::string_view name; names.next(name);) sum += sum_of(as_bytes(name));
  std::uint32_t count = 0;
  std::string_view last_key = block.sweep_after();
  sum += sum_of(as_bytes(last_key)) + sum_of(as_bytes(block.sweep_until()));
  BlockView::RowCursor rows = block.rows();
  for (BlockRow row; rows.next(row); ++count) {
    sum += sum_of(row.payload) + sum_of(as_bytes(row.key)) + sum_of(as_bytes(row.event_id));
    const bool named = row.event_index == wire::kNoEvent || row.event_index < block.event_count();
    TIDEGATE_CHECK(named);
    if (!block.shape().records) {
      TIDEGATE_CHECK(row.offset <= block.range().offset);
      continue;
    }
    TIDEGATE_CHECK(row.offset.value > 0 && row.key > last_key);
    TIDEGATE_CHECK(block.sweep_until().empty() || row.key <= block.sweep_until());
    last_key = row.key;
  }
  TIDEGATE_CHECK(count == block.row_count());
  return sum;
}

std::uint64_t read_frame(const Frame& frame) {
  if (const auto* block = std::get_if<BlockFrame>(&frame)) return read_block(block->block);
  if (const auto* publish = std::get_if<PublishFrame>(&frame)) {
    TIDEGATE_CHECK(!publish->channel.empty());
    return check_draft(publish->draft).ok() ? 1 : 0;
  }
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FrameDecoder decoder(ByteView(data, size));
  volatile std::uint64_t sum = 0;
  while (const auto frame = decoder.next()) {
    if (frame->ok()) {
      sum = sum + read_frame(frame->value());
    } else {
      TIDEGATE_CHECK(!frame->error().message.empty());
    }
  }
  return 0;
}
