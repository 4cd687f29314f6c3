// The block law, in one place. See the header for the rule itself.
#include "core/stream/stream_cursor.h"

#include "core/base/limits.h"

namespace tidegate {

bool StreamCursor::handle_start(StreamPosition start, Offset target) {
  // Early blocks were kept for a first answer. A second one (a reset) replaces everything before
  // it.
  if (phase_ != CursorPhase::Snapshot) drop_early();
  target_ = target;
  phase_ = start.offset >= target ? CursorPhase::Live : CursorPhase::CatchUp;
  position_ = std::move(start);
  return phase_ == CursorPhase::Live;
}

CursorVerdict StreamCursor::handle_block(StreamRange range, bool more, ByteView block) {
  using Kind = CursorVerdict::Kind;
  if (phase_ == CursorPhase::Snapshot) return {keep_early(range, more, block), Offset{}, false};

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

std::optional<StreamCursor::EarlyBlock> StreamCursor::poll_early() {
  if (phase_ == CursorPhase::Snapshot || early_.empty()) return std::nullopt;
  std::optional<EarlyBlock> oldest(std::move(early_.front()));
  early_.pop_front();
  early_bytes_ -= oldest->bytes.size();
  return oldest;
}

void StreamCursor::handle_interruption() {
  phase_ = CursorPhase::Snapshot;
  drop_early();
}

void StreamCursor::reset() {
  handle_interruption();
  position_.reset();
}

CursorVerdict::Kind StreamCursor::keep_early(StreamRange range, bool more, ByteView block) {
  if (block.size() > limits::early_block_bytes_max - early_bytes_ ||
      early_.size() == limits::early_blocks_max) {
    drop_early();
    return CursorVerdict::Kind::Overflow;
  }
  early_.push_back(EarlyBlock{range, more, Bytes(block.begin(), block.end())});
  early_bytes_ += block.size();
  return CursorVerdict::Kind::Buffered;
}

void StreamCursor::drop_early() {
  early_.clear();
  early_bytes_ = 0;
}

}  // namespace tidegate
