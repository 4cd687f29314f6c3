// The block law and the three phases, one rule at a time. tests/property compares the same machine
// with a naive oracle on random blocks.
#include "core/stream/stream_cursor.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate {
namespace {

using Kind = CursorVerdict::Kind;

StreamPosition at(std::uint64_t offset, std::string_view epoch = "e1") {
  return {*Epoch::parse(epoch), Offset{offset}};
}

StreamRange range(std::uint64_t previous, std::uint64_t offset) {
  return {Offset{previous}, Offset{offset}};
}

CursorVerdict feed(StreamCursor& cursor, std::uint64_t previous, std::uint64_t offset,
                   bool more = false) {
  return cursor.handle_block(range(previous, offset), more, {});
}

StreamCursor started(std::uint64_t start, std::uint64_t target) {
  StreamCursor cursor;
  cursor.handle_start(at(start), Offset{target});
  return cursor;
}

TEST(StreamCursor, BeginsInSnapshotWithoutAPosition) {
  const StreamCursor cursor;
  EXPECT_EQ(cursor.phase(), CursorPhase::Snapshot);
  EXPECT_FALSE(cursor.position().has_value());
}

TEST(StreamCursor, IsLiveAtOnceWhenThereIsNothingToCatchUpWith) {
  StreamCursor cursor;
  EXPECT_TRUE(cursor.handle_start(at(5), Offset{5}));
  EXPECT_EQ(cursor.phase(), CursorPhase::Live);
  EXPECT_EQ(cursor.position(), at(5));
}

TEST(StreamCursor, BecomesLiveOnceWhenTheTargetIsReached) {
  StreamCursor cursor;
  EXPECT_FALSE(cursor.handle_start(at(5), Offset{9}));
  EXPECT_EQ(cursor.phase(), CursorPhase::CatchUp);
  EXPECT_FALSE(feed(cursor, 5, 8).became_live);
  EXPECT_TRUE(feed(cursor, 8, 12).became_live);
  EXPECT_EQ(cursor.phase(), CursorPhase::Live);
  EXPECT_FALSE(feed(cursor, 12, 13).became_live);
}

TEST(StreamCursor, AppliesAContiguousBlockAndMovesFirst) {
  StreamCursor cursor = started(5, 5);
  const CursorVerdict verdict = feed(cursor, 5, 9);
  EXPECT_EQ(verdict.kind, Kind::Apply);
  EXPECT_EQ(verdict.drop_at_or_below, Offset{5});
  EXPECT_EQ(cursor.position(), at(9));
}

TEST(StreamCursor, AppliesAnOverlapAndDropsWhatItHas) {
  StreamCursor cursor = started(7, 7);
  const CursorVerdict verdict = feed(cursor, 3, 9);
  EXPECT_EQ(verdict.kind, Kind::Apply);
  EXPECT_EQ(verdict.drop_at_or_below, Offset{7});
  EXPECT_EQ(cursor.position(), at(9));
}

TEST(StreamCursor, DropsWhatEndsAtOrBelowThePosition) {
  StreamCursor cursor = started(7, 7);
  EXPECT_EQ(feed(cursor, 3, 7).kind, Kind::Duplicate);
  EXPECT_EQ(feed(cursor, 0, 2).kind, Kind::Duplicate);
  EXPECT_EQ(feed(cursor, 7, 7).kind, Kind::Duplicate);
  EXPECT_EQ(cursor.position(), at(7));
}

TEST(StreamCursor, AGapChangesNothing) {
  StreamCursor cursor = started(7, 20);
  EXPECT_EQ(feed(cursor, 8, 30).kind, Kind::Gap);
  EXPECT_EQ(feed(cursor, 8, 8).kind, Kind::Gap);
  EXPECT_EQ(cursor.position(), at(7));
  EXPECT_EQ(cursor.phase(), CursorPhase::CatchUp);
}

TEST(StreamCursor, DensityIsNeverAssumed) {
  StreamCursor cursor = started(0, 0);
  EXPECT_EQ(feed(cursor, 0, 1000).kind, Kind::Apply);
  EXPECT_EQ(feed(cursor, 1000, 0xFFFFFFFFFFFFFFFF).kind, Kind::Apply);
  EXPECT_EQ(cursor.position(), at(0xFFFFFFFFFFFFFFFF));
}

TEST(StreamCursor, PagesMoveThePositionOnlyWithTheLast) {
  StreamCursor cursor = started(5, 9);
  for (int page = 0; page < 2; ++page) {
    const CursorVerdict verdict = feed(cursor, 5, 9, true);
    EXPECT_EQ(verdict.kind, Kind::Apply);
    EXPECT_EQ(verdict.drop_at_or_below, Offset{5});
    EXPECT_FALSE(verdict.became_live);
    EXPECT_EQ(cursor.position(), at(5));
  }
  const CursorVerdict last = feed(cursor, 5, 9, false);
  EXPECT_EQ(last.kind, Kind::Apply);
  EXPECT_EQ(last.drop_at_or_below, Offset{5});
  EXPECT_TRUE(last.became_live);
  EXPECT_EQ(cursor.position(), at(9));
}

TEST(StreamCursor, APassThatIsInterruptedBeginsAnewFromTheOldPosition) {
  StreamCursor cursor = started(5, 9);
  feed(cursor, 5, 9, true);
  cursor.handle_interruption();
  EXPECT_EQ(cursor.phase(), CursorPhase::Snapshot);
  EXPECT_EQ(cursor.position(), at(5));
  EXPECT_FALSE(cursor.handle_start(at(5), Offset{9}));
  EXPECT_EQ(feed(cursor, 5, 9).drop_at_or_below, Offset{5});
}

TEST(StreamCursor, PagesObeyTheLawLikeAnyBlock) {
  StreamCursor cursor = started(5, 5);
  EXPECT_EQ(feed(cursor, 6, 9, true).kind, Kind::Gap);
  EXPECT_EQ(feed(cursor, 3, 5, true).kind, Kind::Duplicate);
}

TEST(StreamCursor, EarlyBlocksAreKeptInOrderAndObeyTheLawLater) {
  StreamCursor cursor;
  const Bytes first = {1, 2, 3};
  const Bytes second = {4};
  EXPECT_EQ(cursor.handle_block(range(4, 6), false, first).kind, Kind::Buffered);
  EXPECT_EQ(cursor.handle_block(range(6, 8), true, second).kind, Kind::Buffered);
  EXPECT_FALSE(cursor.poll_early().has_value());  // not before the answer

  cursor.handle_start(at(5), Offset{8});
  auto early = cursor.poll_early();
  ASSERT_TRUE(early.has_value());
  EXPECT_EQ(early->bytes, first);
  EXPECT_EQ(early->range, range(4, 6));
  EXPECT_FALSE(early->more);
  EXPECT_EQ(cursor.handle_block(early->range, early->more, early->bytes).drop_at_or_below,
            Offset{5});
  early = cursor.poll_early();
  ASSERT_TRUE(early.has_value());
  EXPECT_EQ(early->bytes, second);
  EXPECT_TRUE(early->more);
  EXPECT_FALSE(cursor.poll_early().has_value());
}

TEST(StreamCursor, EarlyBytesHaveALimit) {
  StreamCursor cursor;
  const Bytes half(limits::early_block_bytes_max / 2);
  EXPECT_EQ(cursor.handle_block(range(0, 1), false, half).kind, Kind::Buffered);
  EXPECT_EQ(cursor.handle_block(range(1, 2), false, half).kind, Kind::Buffered);
  EXPECT_EQ(cursor.handle_block(range(2, 3), false, Bytes(1)).kind, Kind::Overflow);
  // What was kept is gone, and there is room again.
  EXPECT_EQ(cursor.handle_block(range(3, 4), false, half).kind, Kind::Buffered);
  cursor.handle_start(at(0), Offset{4});
  EXPECT_EQ(cursor.poll_early()->range, range(3, 4));
  EXPECT_FALSE(cursor.poll_early().has_value());
}

TEST(StreamCursor, EarlyBlocksHaveALimitInNumberToo) {
  StreamCursor cursor;
  for (std::size_t i = 0; i < limits::early_blocks_max; ++i) {
    ASSERT_EQ(feed(cursor, i, i + 1).kind, Kind::Buffered);
  }
  EXPECT_EQ(feed(cursor, 9000, 9001).kind, Kind::Overflow);
}

TEST(StreamCursor, PollingEarlyBlocksMakesRoom) {
  StreamCursor cursor;
  const Bytes all(limits::early_block_bytes_max);
  cursor.handle_block(range(0, 1), false, all);
  cursor.handle_start(at(0), Offset{1});
  ASSERT_TRUE(cursor.poll_early().has_value());
  cursor.handle_interruption();
  EXPECT_EQ(cursor.handle_block(range(0, 1), false, all).kind, Kind::Buffered);
}

TEST(StreamCursor, AnInterruptionDropsEarlyBlocksAndKeepsThePosition) {
  StreamCursor cursor = started(5, 5);
  cursor.handle_interruption();
  feed(cursor, 5, 6);
  cursor.handle_interruption();
  EXPECT_EQ(cursor.position(), at(5));
  cursor.handle_start(at(5), Offset{6});
  EXPECT_FALSE(cursor.poll_early().has_value());
}

TEST(StreamCursor, ASecondStartReplacesTheStreamAndItsEarlyBlocks) {
  StreamCursor cursor;
  feed(cursor, 0, 1);
  cursor.handle_start(at(0), Offset{1});
  EXPECT_FALSE(cursor.handle_start(at(2, "e2"), Offset{3}));  // a reset
  EXPECT_FALSE(cursor.poll_early().has_value());
  EXPECT_EQ(cursor.position(), at(2, "e2"));
  EXPECT_TRUE(feed(cursor, 2, 3).became_live);  // once for each start
}

TEST(StreamCursor, ResetForgetsEverything) {
  StreamCursor cursor = started(5, 5);
  cursor.reset();
  EXPECT_EQ(cursor.phase(), CursorPhase::Snapshot);
  EXPECT_FALSE(cursor.position().has_value());
}

}  // namespace
}  // namespace tidegate
