// Views point where they say, in the message and not in a copy. That every rule of a block is
// checked is shown by tests/vectors/malformed.json.
#include "core/protocol/block_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/limits.h"
#include "core/protocol/block_writer.h"
#include "core/protocol/frame_decoder.h"

namespace tidegate {
namespace {

Publication publication(std::string_view payload, PayloadKind kind, std::string event,
                        std::string key, std::string event_id) {
  Publication made;
  made.time = wall_from_ms(1000);
  made.operation = key.empty() ? Operation::Append : Operation::Set;
  made.payload_kind = kind;
  made.event = std::move(event);
  made.key = std::move(key);
  made.event_id = std::move(event_id);
  made.payload.assign(payload.begin(), payload.end());
  return made;
}

Bytes three_rows() {
  BlockWriter writer(StreamId{3}, {Offset{10}, Offset{30}});
  writer.add(Offset{11}, publication(" {\"a\": 1} ", PayloadKind::Json, "first", "", "id-1"));
  writer.add(Offset{20}, publication("\x01\x02", PayloadKind::Binary, "", "key", "id-2"));
  writer.add(Offset{21}, publication("\"z\"", PayloadKind::Json, "second", "key2", ""));
  Bytes out;
  writer.finish(out);
  return out;
}

const BlockView& block_of(const std::optional<Result<Frame>>& frame) {
  return std::get<BlockFrame>(frame->value()).block;
}

TEST(BlockView, RowsPointIntoTheMessage) {
  const Bytes message = three_rows();
  FrameDecoder decoder(message);
  const auto frame = decoder.next();
  ASSERT_TRUE(frame->ok()) << frame->error().message;
  const BlockView& block = block_of(frame);
  BlockView::RowCursor rows = block.rows();
  std::uint32_t count = 0;
  for (BlockRow row; rows.next(row); ++count) {
    wire::Row raw;
    std::memcpy(&raw, message.data() + row.row_at, sizeof(raw));
    EXPECT_EQ(raw.offset, row.offset.value);
    EXPECT_EQ(raw.payload_len, row.payload.size());
    EXPECT_EQ(row.payload.data(), message.data() + row.payload_at);
    EXPECT_EQ(as_bytes(row.key).data(), message.data() + block.heap_at() + raw.string_ref);
  }
  EXPECT_EQ(count, block.row_count());
}

TEST(BlockView, ReadsEveryFieldOfEveryRow) {
  const Bytes message = three_rows();
  FrameDecoder decoder(message);
  const auto frame = decoder.next();
  const BlockView& block = block_of(frame);
  BlockView::RowCursor rows = block.rows();
  BlockRow row;
  ASSERT_TRUE(rows.next(row));
  EXPECT_EQ(row.offset, Offset{11});
  EXPECT_EQ(row.time, wall_from_ms(1000));
  EXPECT_EQ(row.operation, Operation::Append);
  EXPECT_EQ(as_text(row.payload), " {\"a\": 1} ");
  EXPECT_EQ(block.event_name(row.event_index), "first");
  EXPECT_EQ(row.event_id, "id-1");
  ASSERT_TRUE(rows.next(row));
  EXPECT_EQ(row.payload_kind, PayloadKind::Binary);
  EXPECT_EQ(as_text(row.payload), "\x01\x02");
  EXPECT_EQ(row.event_index, wire::kNoEvent);
  EXPECT_EQ(row.key, "key");
  EXPECT_EQ(row.event_id, "id-2");
  ASSERT_TRUE(rows.next(row));
  EXPECT_EQ(row.payload_kind, PayloadKind::Json);
  EXPECT_EQ(row.operation, Operation::Set);
  EXPECT_EQ(as_text(row.payload), "\"z\"");
  EXPECT_EQ(block.event_name(row.event_index), "second");
  EXPECT_FALSE(rows.next(row));
  EXPECT_FALSE(rows.next(row));
}

TEST(BlockView, TheJsonColumnIsOneArrayForAllRows) {
  const Bytes message = three_rows();
  FrameDecoder decoder(message);
  const auto frame = decoder.next();
  const BlockView& block = block_of(frame);
  EXPECT_EQ(block.json(), "[ {\"a\": 1} ,null,\"z\"]");
  EXPECT_EQ(as_bytes(block.json()).data(), message.data() + block.json_at());
  EXPECT_EQ(block.json_at() % wire::kAlignment, 0u);
}

TEST(BlockView, EventNamesByIndexAndByWalking) {
  const Bytes message = three_rows();
  FrameDecoder decoder(message);
  const auto frame = decoder.next();
  const BlockView& block = block_of(frame);
  BlockView::EventNameCursor names = block.event_names();
  for (std::uint16_t i = 0; i < block.event_count(); ++i) {
    std::string_view name;
    ASSERT_TRUE(names.next(name));
    EXPECT_EQ(name, block.event_name(i));
  }
  std::string_view none;
  EXPECT_FALSE(names.next(none));
  EXPECT_EQ(block.event_name(2), "");
  EXPECT_EQ(block.event_name(wire::kNoEvent), "");
}

TEST(BlockView, ANameThatStandsTwiceIsOneEvent) {
  BlockWriter writer(StreamId{3}, {Offset{10}, Offset{30}});
  writer.add(Offset{11}, publication("1", PayloadKind::Json, "same", "", ""));
  writer.add(Offset{12}, publication("2", PayloadKind::Json, "over", "", ""));
  Bytes message;
  writer.finish(message);
  const auto other =
      std::search(message.begin(), message.end(), std::begin("over"), std::end("over") - 1);
  std::copy_n("same", 4, other);  // no writer of ours does that
  FrameDecoder decoder(message);
  const auto frame = decoder.next();
  ASSERT_TRUE(frame->ok()) << frame->error().message;
  EXPECT_EQ(block_of(frame).event_name(0), "same");
  EXPECT_EQ(block_of(frame).event_name(1), "same");
}

TEST(BlockView, PlacesCountFromTheMessageNotFromTheBlock) {
  const Bytes frame_bytes = three_rows();
  const ByteView body = ByteView(frame_bytes).subspan(wire::kFrameHeaderBytes);
  const auto view = BlockView::parse(body, 4096);
  ASSERT_TRUE(view.ok());
  BlockView::RowCursor rows = view->rows();
  BlockRow row;
  rows.next(row);
  EXPECT_EQ(row.row_at, 4096 + wire::kBlockHeaderBytes);
  EXPECT_EQ(view->json_at() + 1, row.payload_at);
}

Bytes sweep_page() {
  BlockWriter writer(StreamId{3}, {Offset{0}, Offset{30}});
  writer.set_records();
  writer.add(Offset{21}, publication("{}", PayloadKind::Json, "first", "h\xC3\xB4t", "id-1"));
  writer.add(Offset{40}, publication("\x01", PayloadKind::Binary, "", "z", ""));
  writer.set_sweep("a", "\xC3\xA9", Offset{41});
  writer.set_more(true);
  writer.set_digest(7);
  Bytes out;
  writer.finish(out);
  return out;
}

TEST(BlockView, ASweepSaysWhichKeysItIsAbout) {
  const Bytes message = sweep_page();
  FrameDecoder decoder(message);
  const auto frame = decoder.next();
  ASSERT_TRUE(frame->ok()) << frame->error().message;
  const BlockView& block = block_of(frame);
  EXPECT_TRUE(block.shape().records && block.shape().sweep);
  EXPECT_EQ(block.sweep_after(), "a");
  EXPECT_EQ(block.sweep_until(), "\xC3\xA9");
  EXPECT_EQ(block.sweep_read_at(), Offset{41});
  EXPECT_EQ(block.digest(), 7u);
  EXPECT_GE(as_bytes(block.sweep_after()).data(), message.data() + block.heap_at());
  EXPECT_EQ(block.event_name(0), "first");
  BlockView::RowCursor rows = block.rows();
  BlockRow row;
  ASSERT_TRUE(rows.next(row));
  EXPECT_EQ(row.key, "h\xC3\xB4t");
  EXPECT_EQ(row.event_id, "id-1");
  EXPECT_EQ(row.offset, Offset{21});
  ASSERT_TRUE(rows.next(row));
  EXPECT_EQ(row.key, "z");
  EXPECT_EQ(row.offset, Offset{40});  // above the block: a record is as it is now
  EXPECT_EQ(as_text(row.payload), "\x01");
  EXPECT_FALSE(rows.next(row));
}

TEST(BlockView, OtherBlocksHaveNoKeysToSweep) {
  const Bytes message = three_rows();
  FrameDecoder decoder(message);
  const auto frame = decoder.next();
  const BlockView& block = block_of(frame);
  EXPECT_FALSE(block.shape().records || block.shape().sweep);
  EXPECT_EQ(block.sweep_after(), "");
  EXPECT_EQ(block.sweep_until(), "");
}

TEST(BlockView, KeysAreOrderedAsBytesAndNotAsCharacters) {
  BlockWriter writer(StreamId{3}, {Offset{0}, Offset{30}});
  writer.set_records();
  for (const char* key : {"Z", "a", "a\x01", "aa", "\x7F", "\xC3\xA9", "\xEF\xBF\xBD",
                          "\xF0\x9F\x98\x80"}) {  // UTF-16 has the last two the other way round
    writer.add(Offset{1}, publication("1", PayloadKind::Json, "", key, ""));
  }
  Bytes message;
  writer.finish(message);
  FrameDecoder decoder(message);
  const auto frame = decoder.next();
  EXPECT_TRUE(frame->ok()) << frame->error().message;
}

TEST(BlockView, ASweepsKeysAreAsLongAsARecordsMayBe) {
  const auto is_read = [](std::size_t bytes) {
    BlockWriter writer(StreamId{3}, {Offset{0}, Offset{30}});
    writer.set_sweep(std::string(bytes, 'a'), std::string(bytes, 'b'), Offset{30});
    Bytes message;
    writer.finish(message);
    FrameDecoder decoder(message);
    return decoder.next()->ok();
  };
  EXPECT_TRUE(is_read(limits::record_key_bytes_max));
  EXPECT_FALSE(is_read(limits::record_key_bytes_max + 1));
}

TEST(BlockView, EveryPrefixOfASweepIsRefused) {
  const Bytes frame_bytes = sweep_page();
  const std::size_t body_bytes = frame_bytes.size() - wire::kFrameHeaderBytes;
  const auto begin = frame_bytes.begin() + static_cast<std::ptrdiff_t>(wire::kFrameHeaderBytes);
  for (std::size_t size = 0; size < body_bytes; ++size) {
    const Bytes body(begin, begin + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(BlockView::parse(body, 8, BlockShape{true, true}).ok()) << size;
  }
}

// The body is placed right before memory that must not be read (the sanitizers watch it).
TEST(BlockView, EveryPrefixOfABodyIsRefused) {
  const Bytes frame_bytes = three_rows();
  const std::size_t body_bytes = frame_bytes.size() - wire::kFrameHeaderBytes;
  for (std::size_t size = 0; size < body_bytes; ++size) {
    const auto begin = frame_bytes.begin() + static_cast<std::ptrdiff_t>(wire::kFrameHeaderBytes);
    const Bytes body(begin, begin + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(BlockView::parse(body, 8).ok()) << size;
  }
}

}  // namespace
}  // namespace tidegate
