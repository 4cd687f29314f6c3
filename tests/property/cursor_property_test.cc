// The cursor against two oracles: the law itself, stated as naively as possible, and what the law
// is for, namely that a reader of a log sees each publication exactly once and in order whatever
// blocks come.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "core/stream/stream_cursor.h"

namespace tidegate::test {
namespace {

using Kind = CursorVerdict::Kind;

const Epoch& epoch() {
  static const Epoch kEpoch = *Epoch::parse("e");
  return kEpoch;
}

StreamRange random_range() {
  const auto previous = *rc::gen::inRange<std::uint64_t>(0, 30);
  return {Offset{previous}, Offset{previous + *rc::gen::inRange<std::uint64_t>(0, 8)}};
}

/// Sets of offsets instead of arithmetic: a block holds all offsets of its range.
struct NaiveCursor {
  std::set<std::uint64_t> had;  // all offsets up to the position
  std::uint64_t target = 0;
  bool started = false;
  bool live = false;

  Kind judge(StreamRange range) const {
    if (!started) return Kind::Gap;
    for (std::uint64_t below = 1; below <= range.previous.value; ++below) {
      if (had.count(below) == 0) return Kind::Gap;
    }
    for (std::uint64_t offset = range.previous.value + 1; offset <= range.offset.value; ++offset) {
      if (had.count(offset) == 0) return Kind::Apply;
    }
    return Kind::Duplicate;
  }
  void have_up_to(std::uint64_t offset) {
    for (std::uint64_t each = 1; each <= offset; ++each) had.insert(each);
  }
  std::uint64_t position() const { return had.empty() ? 0 : *had.rbegin(); }
  /// True when this makes it live.
  bool apply(StreamRange range, bool more) {
    if (more) return false;
    have_up_to(range.offset.value);
    const bool now_live = !live && had.size() >= target;
    live = live || now_live;
    return now_live;
  }
};

void step_block(StreamCursor& cursor, NaiveCursor& naive) {
  const StreamRange range = random_range();
  const bool more = *rc::gen::weightedElement<bool>({{3, false}, {1, true}});
  const std::uint64_t before = naive.position();
  const Kind expected = naive.judge(range);
  const CursorVerdict verdict = cursor.handle_block(range, more);
  RC_ASSERT(verdict.kind == expected);
  if (expected == Kind::Apply) {
    RC_ASSERT(verdict.drop_at_or_below == Offset{before});
    RC_ASSERT(verdict.became_live == naive.apply(range, more));
  } else {
    RC_ASSERT(!verdict.became_live);
  }
}

void step_start(StreamCursor& cursor, NaiveCursor& naive) {
  const auto start = *rc::gen::inRange<std::uint64_t>(0, 20);
  const auto target = *rc::gen::inRange<std::uint64_t>(0, 30);
  naive = NaiveCursor{};
  naive.have_up_to(start);
  naive.target = target;
  naive.started = true;
  naive.live = start >= target;
  RC_ASSERT(cursor.handle_start({epoch(), Offset{start}}, Offset{target}) == naive.live);
}

RC_GTEST_PROP(StreamCursor, JudgesLikeTheLawStatedNaively, ()) {
  StreamCursor cursor;
  NaiveCursor naive;
  const auto steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::inRange(0, 12)) {
      case 0:
        step_start(cursor, naive);
        break;
      case 1:
        cursor.handle_interruption();
        naive.started = false;
        break;
      default:
        step_block(cursor, naive);
        break;
    }
    if (cursor.position()) RC_ASSERT(cursor.position()->offset == Offset{naive.position()});
    const auto phase = !naive.started ? CursorPhase::Snapshot
                       : naive.live   ? CursorPhase::Live
                                      : CursorPhase::CatchUp;
    RC_ASSERT(cursor.phase() == phase);
  }
}

/// A reader with a connection to a relay that only ever sends true blocks, though any of them, in
/// any order, any number of times.
class LogReader {
 public:
  LogReader(std::vector<std::uint64_t> log, std::uint64_t start) : log_(std::move(log)) {
    cursor_.handle_start({epoch(), Offset{start}}, Offset{start});
  }

  void receive(StreamRange range) {
    const CursorVerdict verdict = cursor_.handle_block(range, false);
    if (verdict.kind != Kind::Apply) return;
    for (const std::uint64_t offset : log_) {
      const bool in_block = offset > range.previous.value && offset <= range.offset.value;
      if (in_block && offset > verdict.drop_at_or_below.value) seen_.push_back(offset);
    }
  }
  void lose_connection() { cursor_.handle_interruption(); }
  void reconnect() {
    if (cursor_.phase() != CursorPhase::Snapshot) return;
    const StreamPosition resume = *cursor_.position();
    cursor_.handle_start(resume, resume.offset);
  }
  Offset position() const { return cursor_.position()->offset; }
  const std::vector<std::uint64_t>& seen() const { return seen_; }

 private:
  std::vector<std::uint64_t> log_;
  StreamCursor cursor_;
  std::vector<std::uint64_t> seen_;
};

RC_GTEST_PROP(StreamCursor, ALogIsSeenExactlyOnceAndInOrder, ()) {
  std::vector<std::uint64_t> log;  // sparse: offsets are not dense
  for (std::uint64_t offset = 1; offset <= 40; ++offset) {
    if (*rc::gen::weightedElement<bool>({{2, true}, {1, false}})) log.push_back(offset);
  }
  const auto start = *rc::gen::inRange<std::uint64_t>(0, 10);
  LogReader reader(log, start);
  const auto steps = *rc::gen::inRange(1, 80);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::inRange(0, 10)) {
      case 0:
        reader.lose_connection();
        break;
      case 1:
        reader.reconnect();
        break;
      case 2:  // what a relay would send: from the position on
        reader.receive({reader.position(), Offset{reader.position().value + 3}});
        break;
      default:
        reader.receive(random_range());
        break;
    }
    std::vector<std::uint64_t> expected;
    for (const std::uint64_t offset : log) {
      if (offset > start && offset <= reader.position().value) expected.push_back(offset);
    }
    RC_ASSERT(reader.seen() == expected);
  }
  RC_CLASSIFY(reader.position().value > start, "moved");
}

}  // namespace
}  // namespace tidegate::test
