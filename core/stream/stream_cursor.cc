// The block law, in one place. See the header for the rule itself.
#include "core/stream/stream_cursor.h"

namespace tidegate {

bool StreamCursor::handle_start(StreamPosition start, Offset target) {
  target_ = target;
  phase_ = start.offset >= target ? CursorPhase::Live : CursorPhase::CatchUp;
  position_ = std::move(start);
  return phase_ == CursorPhase::Live;
}

CursorVerdict StreamCursor::handle_block(StreamRange range, bool more) {
  using Kind = CursorVerdict::Kind;
  if (phase_ == CursorPhase::Snapshot) return {Kind::Gap, Offset{}, false};

  const Offset at = position_->offset;
  if (range.previous > at) return {Kind::Gap, Offset{}, false};
  if (range.offset <= at) return {Kind::Duplicate, Offset{}, false};
  // All pages of a pass are measured against the position it began at, for it only moves with the
  // last.
  CursorVerdict verdict{Kind::Apply, at, false};
  if (more) return verdict;
  position_->offset = range.offset;
  if (phase_ == CursorPhase::CatchUp && range.offset >= target_) {
    phase_ = CursorPhase::Live;
    verdict.became_live = true;
  }
  return verdict;
}

void StreamCursor::handle_interruption() { phase_ = CursorPhase::Snapshot; }

void StreamCursor::reset() {
  handle_interruption();
  position_.reset();
}

}  // namespace tidegate
