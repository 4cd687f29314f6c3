// The block law and the three phases, one rule at a time. tests/property compares the same machine
// with a naive oracle on random blocks.
#include "core/stream/stream_cursor.h"

#include <gtest/gtest.h>

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
  return cursor.handle_block(range(previous, offset), more);
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

TEST(StreamCursor, ABlockBeforeTheStartIsAGapAndNothingOfItIsKept) {
  StreamCursor cursor;
  EXPECT_EQ(feed(cursor, 0, 1).kind, Kind::Gap);
  EXPECT_FALSE(cursor.position().has_value());
  cursor.handle_start(at(0), Offset{1});
  EXPECT_EQ(cursor.position(), at(0));
  EXPECT_EQ(cursor.phase(), CursorPhase::CatchUp);
  EXPECT_TRUE(feed(cursor, 0, 1).became_live);
}

TEST(StreamCursor, AnInterruptionKeepsThePositionAndTakesNoBlocks) {
  StreamCursor cursor = started(5, 5);
  cursor.handle_interruption();
  EXPECT_EQ(feed(cursor, 5, 6).kind, Kind::Gap) << "of a connection that is gone";
  EXPECT_EQ(cursor.position(), at(5));
  cursor.handle_start(at(5), Offset{6});
  EXPECT_EQ(feed(cursor, 5, 6).kind, Kind::Apply);
}

TEST(StreamCursor, ASecondStartReplacesTheStream) {
  StreamCursor cursor = started(0, 1);
  EXPECT_FALSE(cursor.handle_start(at(2, "e2"), Offset{3}));  // a reset
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
