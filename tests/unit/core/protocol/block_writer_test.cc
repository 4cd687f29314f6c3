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

TEST(BlockWriter, EachEventNameStandsOnceHoweverManyThereAre) {
  constexpr std::uint64_t kNames = limits::block_event_names_max / 4;
  BlockWriter writer(StreamId{1}, range(0, 4 * kNames));
  for (std::uint64_t offset = 1; offset <= 4 * kNames; ++offset) {
    writer.add(Offset{offset}, json_publication("1", "event" + std::to_string(offset % kNames)));
  }
  Bytes out;
  writer.finish(out);
  FrameDecoder decoder(out);
  const auto frame = decoder.next();
  const BlockView& block = std::get<BlockFrame>(frame->value()).block;
  EXPECT_EQ(block.event_count(), kNames);
  BlockView::RowCursor rows = block.rows();
  std::uint64_t number = 0;
  for (BlockRow row; rows.next(row);) {
    ++number;
    EXPECT_EQ(block.event_name(row.event_index), "event" + std::to_string(number % kNames));
  }
  EXPECT_EQ(number, 4 * kNames);
}

TEST(BlockWriter, CoversWhatHasNoRow) {
  BlockWriter writer(StreamId{1}, range(4, 9));
  writer.add(Offset{5}, json_publication("1"));
  Bytes out;
  writer.finish(out);
  FrameDecoder decoder(out);
  const auto frame = decoder.next();
  EXPECT_EQ(std::get<BlockFrame>(frame->value()).block.range(), range(4, 9));
}

Publication record(std::string key, std::string_view json = "{}") {
  Publication publication = json_publication(json, "");
  publication.operation = json == "null" ? Operation::Delete : Operation::Set;
  publication.key = std::move(key);
  return publication;
}

TEST(BlockWriter, FrameBytesCountsASweep) {
  BlockWriter writer(StreamId{1}, range(0, 100));
  writer.set_records();
  std::string key;
  for (std::uint64_t version = 200; version > 180; --version) {
    key += 'k';
    writer.add(Offset{version}, record(key));
    writer.set_sweep("", key, Offset{200});
    Bytes out;
    writer.finish(out);
    EXPECT_EQ(out.size(), writer.frame_bytes());
  }
}

TEST(BlockWriter, VersionsOfRecordsMayStandAnywhere) {
  BlockWriter writer(StreamId{1}, range(5, 9));
  writer.set_records();
  writer.add(Offset{3}, record("a"));
  writer.add(Offset{12}, record("b", "null"));
  writer.add(Offset{9}, record("c"));
  writer.set_more(true);
  Bytes out;
  writer.finish(out);
  FrameDecoder decoder(out);
  const auto frame = decoder.next();
  ASSERT_TRUE(frame->ok()) << frame->error().message;
  const auto& block = std::get<BlockFrame>(frame->value());
  EXPECT_TRUE(block.more);
  EXPECT_EQ(block.block.range(), range(5, 9));
  EXPECT_EQ(block.block.row_count(), 3u);
}

TEST(BlockWriter, ADigestOfNothingIsADigest) {
  for (const bool with_digest : {true, false}) {
    BlockWriter writer(StreamId{1}, range(4, 5));
    if (with_digest) writer.set_digest(0);
    Bytes out;
    writer.finish(out);
    FrameDecoder decoder(out);
    const auto frame = decoder.next();
    const auto& block = std::get<BlockFrame>(frame->value());
    EXPECT_EQ(block.has_digest, with_digest);
    EXPECT_EQ(block.block.digest(), 0u);
  }
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

TEST(BlockWriterDeathTest, RecordsThatNoReaderWouldTakeStopHere) {
  BlockWriter writer(StreamId{1}, range(5, 6));
  writer.set_records();
  EXPECT_DEATH(writer.add(Offset{0}, record("k")), "");
  EXPECT_DEATH(writer.add(Offset{6}, record("")), "");
  Publication merge = record("k", R"({"set":{}})");
  merge.operation = Operation::Merge;
  EXPECT_DEATH(writer.add(Offset{6}, merge), "");
  writer.add(Offset{6}, record("k"));
  EXPECT_DEATH(writer.add(Offset{7}, record("k")), "");
  EXPECT_DEATH(writer.add(Offset{7}, record("a")), "");
}

TEST(BlockWriterDeathTest, SweepsThatNoReaderWouldTakeStopHere) {
  const auto finish = [](std::string after, std::string until, std::string_view json,
                         std::uint64_t read_at = 7) {
    BlockWriter writer(StreamId{1}, range(4, 5));
    writer.set_records();
    writer.add(Offset{6}, record("k", json));
    writer.set_sweep(std::move(after), std::move(until), Offset{read_at});
    Bytes out;
    writer.finish(out);
  };
  finish("", "", "{}");
  finish("j", "k", "{}");
  EXPECT_DEATH(finish("k", "", "{}"), "");
  EXPECT_DEATH(finish("", "j", "{}"), "");
  EXPECT_DEATH(finish("l", "j", "{}"), "");
  EXPECT_DEATH(finish("", "", "null"), "");
  EXPECT_DEATH(finish("", "", "{}", 4), "") << "read before the block's end";
  EXPECT_DEATH(finish("", "", "{}", 5), "") << "read before what it holds";
}

TEST(BlockWriterDeathTest, ALogIsNeverPaged) {
  BlockWriter writer(StreamId{1}, range(5, 6));
  writer.set_more(true);
  Bytes out;
  EXPECT_DEATH(writer.finish(out), "");
}

}  // namespace
}  // namespace tidegate
