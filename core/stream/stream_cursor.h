// The one reader rule, as a machine of one subscription: whoever reads a channel over the wire, a
// page, the command line or a simulated client, reads it through this.
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
// Phases: Snapshot (not started on this connection: a position at most, to be resumed from) →
// CatchUp (behind the target that the subscribe answer named) → Live. Nothing is kept for later: a
// stream gets its number by the subscribe answer, and the answer precedes its blocks, so none comes
// early.
#pragma once

#include <cstdint>
#include <optional>

#include "core/stream/stream_position.h"

namespace tidegate {

enum class CursorPhase : std::uint8_t { Snapshot, CatchUp, Live };

/// What to do with a block.
struct CursorVerdict {
  enum class Kind : std::uint8_t {
    Apply,      // deliver the rows with offset > drop_at_or_below
    Duplicate,  // nothing new in it
    Gap,        // resubscribe from position(); the block was not applied. Always so in Snapshot
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
  /// the target says became_live, once. A second one (a reset) replaces the first.
  bool handle_start(StreamPosition start, Offset target);

  /// `more`: one page of several; its rows are applied but the position only moves with the last
  /// page, so every page of a pass is measured against the position at which the pass began, and a
  /// pass that is interrupted begins anew from there.
  CursorVerdict handle_block(StreamRange range, bool more);

  /// The connection or the answer is gone: back to Snapshot, keeping the position to resume from.
  void handle_interruption();
  /// The stream is another one now, or the application wants everything anew: forgets the position.
  void reset();

 private:
  CursorPhase phase_ = CursorPhase::Snapshot;
  std::optional<StreamPosition> position_;
  Offset target_;
};

}  // namespace tidegate
