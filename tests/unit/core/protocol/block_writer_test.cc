// Sizes are known before the bytes are, and defects of ours do not become wrong bytes.
#include "core/protocol/block_writer.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/protocol/frame_decoder.h"

namespace tidegate {
namespace {

Publication json_publication(std::string_view json, std::string event = "e") {
  Publication publication;
  publication.event = std::move(event);
  publication.payload.assign(json.begin(), json.end());
  return publication;
}

StreamRange range(std::uint64_t previous, std::uint64_t offset) {
  return {Offset{previous}, Offset{offset}};
}

TEST(BlockWriter, FrameBytesIsExactAfterEveryRow) {
  BlockWriter writer(StreamId{1}, range(0, 100));
  Publication binary;
  binary.payload_kind = PayloadKind::Binary;
  binary.event_id = "id";
  for (std::uint64_t offset = 1; offset <= 20; ++offset) {
    Bytes out;
    writer.finish(out);
    EXPECT_EQ(out.size(), writer.frame_bytes());
    if (offset % 2 == 0) {
      binary.payload.push_back(7);
      writer.add(Offset{offset}, binary);
    } else {
      writer.add(Offset{offset}, json_publication("12", "event" + std::to_string(offset % 3)));
    }
  }
}

TEST(BlockWriter, ExtendToCoversWhatHasNoRow) {
  BlockWriter writer(StreamId{1}, range(4, 5));
  writer.add(Offset{5}, json_publication("1"));
  writer.extend_to(Offset{9});
  Bytes out;
  writer.finish(out);
  FrameDecoder decoder(out);
  const auto frame = decoder.next();
  EXPECT_EQ(std::get<BlockFrame>(frame->value()).block.range(), range(4, 9));
}

TEST(BlockWriter, AFullBlockIsWithinTheReadersLimits) {
  BlockWriter writer(StreamId{1}, range(0, limits::block_rows_max));
  for (std::uint64_t i = 1; i <= limits::block_rows_max; ++i) {
    writer.add(Offset{i}, json_publication("0", std::to_string(i)));  // a name for each row
  }
  Bytes out;
  writer.finish(out);
  FrameDecoder decoder(out);
  const auto frame = decoder.next();
  ASSERT_TRUE(frame->ok()) << frame->error().message;
  const BlockView& block = std::get<BlockFrame>(frame->value()).block;
  EXPECT_EQ(block.row_count(), limits::block_rows_max);
  EXPECT_EQ(block.event_count(), limits::block_rows_max);
  EXPECT_EQ(block.event_name(4095), "4096");
}

TEST(BlockWriter, CanFollowOtherFramesInAMessage) {
  Bytes out(16, 0);
  out[0] = 4;
  out[4] = 16;  // a ping
  BlockWriter writer(StreamId{1}, range(0, 1));
  writer.add(Offset{1}, json_publication("[1]"));
  writer.finish(out);
  FrameDecoder decoder(out);
  decoder.next();
  const auto frame = decoder.next();
  ASSERT_TRUE(frame->ok()) << frame->error().message;
  const BlockView& block = std::get<BlockFrame>(frame->value()).block;
  BlockView::RowCursor rows = block.rows();
  BlockRow row;
  ASSERT_TRUE(rows.next(row));
  EXPECT_EQ(as_text(ByteView(out).subspan(row.payload_at, row.payload.size())), "[1]");
}

TEST(BlockWriterDeathTest, DefectsOfOursStopHere) {
  BlockWriter writer(StreamId{1}, range(5, 6));
  EXPECT_DEATH(writer.add(Offset{5}, json_publication("1")), "");
  EXPECT_DEATH(writer.add(Offset{6}, json_publication("")), "");
  writer.add(Offset{6}, json_publication("1"));
  EXPECT_DEATH(writer.add(Offset{6}, json_publication("1")), "");
  writer.add(Offset{7}, json_publication("1"));
  Bytes out;
  EXPECT_DEATH(writer.finish(out), "");  // a row beyond the range
}

}  // namespace
}  // namespace tidegate
