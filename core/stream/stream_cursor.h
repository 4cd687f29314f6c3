// The one reader rule of the whole system, as a machine of one subscription: page, tab, worker
// shard, child relay and poller all read a channel through this.
//
// A block (previous, offset] applied at any position within that range gives the state at offset.
// Hence the receiver's whole rule:
//   previous > position → gap: something is missing, resubscribe from the position
//   offset ≤ position   → duplicate: drop it
//   else                → apply, dropping log rows at or below the position
// Density is never assumed, an empty block (a cover) only moves the position, and the position
// moves before the application sees the rows, so that a callback which throws or resubscribes
// cannot make them come twice. Control messages never move a position.
//
// Phases: Snapshot (no position yet: early blocks are kept, bounded) → CatchUp (positioned, behind
// the target that the subscribe answer named) → Live. A cursor knows no bytes: what it keeps for
// later is an opaque buffer of its caller's.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "core/stream/stream_position.h"

namespace tidegate {

enum class CursorPhase : std::uint8_t { Snapshot, CatchUp, Live };

/// What to do with a block.
struct CursorVerdict {
  enum class Kind : std::uint8_t {
    Apply,      // deliver the rows with offset > drop_at_or_below
    Duplicate,  // nothing new in it
    Gap,        // resubscribe from position(); the block was not applied
    Buffered,   // kept until the snapshot is there; poll_early() will hand it out
    Overflow,   // early blocks exceed their limit: they were dropped, resubscribe
  };
  Kind kind = Kind::Duplicate;
  Offset drop_at_or_below;
  bool became_live = false;  // this block reached the target
};

class StreamCursor {
 public:
  CursorPhase phase() const { return phase_; }
  /// Empty in phase Snapshot unless a position is being resumed.
  const std::optional<StreamPosition>& position() const { return position_; }

  /// The subscribe answer: blocks follow from `start`, which becomes the position, and the reader
  /// is live at `target`. Returns true when it is live at once; otherwise the block that reaches
  /// the target says became_live, once. Early blocks kept so far become pollable and go before any
  /// new block.
  bool handle_start(StreamPosition start, Offset target);

  /// `more`: one page of several; its rows are applied but the position only moves with the last
  /// page, so every page of a pass is measured against the position at which the pass began, and a
  /// pass that is interrupted begins anew from there. `block` is kept (copied) only when the
  /// verdict is Buffered.
  CursorVerdict handle_block(StreamRange range, bool more, ByteView block);

  /// Early blocks, oldest first, once the phase is no longer Snapshot. Each is to be handed to
  /// handle_block again.
  struct EarlyBlock {
    StreamRange range;
    bool more = false;
    Bytes bytes;
  };
  std::optional<EarlyBlock> poll_early();

  /// The connection or the answer is gone: back to Snapshot, keeping the position to resume from.
  void handle_interruption();
  /// The stream is another one now, or the application wants everything anew: forgets the position.
  void reset();

 private:
  CursorVerdict::Kind keep_early(StreamRange range, bool more, ByteView block);
  void drop_early();

  CursorPhase phase_ = CursorPhase::Snapshot;
  std::optional<StreamPosition> position_;
  Offset target_;
  std::deque<EarlyBlock> early_;
  std::size_t early_bytes_ = 0;
};

}  // namespace tidegate
