// Reads a state channel: what blocks do to the records that are held, and whether those are all
// there are. Which blocks count, and where the position is, was decided before (StreamCursor).
//
// A row is applied when its version is above the one held for its key. So it does not matter
// whether a record comes by a replay or by a pass over the records, how often a pass is interrupted
// and begun again, or that its pages are read while the channel goes on. A sweep removes what is
// held and is not among its rows, but for what is newer than its reading; and what it says to be
// absent takes no row of before that reading, so a merge that a delete followed finds nothing to
// begin with.
//
// Another stream (epoch) does not empty the records: their versions count no more, and they stay
// to be seen until a sweep has replaced or removed them. Until then the reader is not whole, and
// its position is not to be resumed from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/client/record_store.h"
#include "core/protocol/frame.h"

namespace tidegate {

/// What a block did.
struct RecordChanges {
  std::vector<BlockRow> rows;  // those that were applied, in the order of the block
  bool has_merge = false;      // one of them is a merge
  std::size_t passed_over = 0;
  std::size_t repaired = 0;
  std::vector<std::string> removed;  // by a sweep, ascending

  void clear() {
    rows.clear();
    has_merge = false;
    passed_over = repaired = 0;
    removed.clear();
  }
};

class RecordReader {
 public:
  explicit RecordReader(RecordUse& use) : store_(use) {}

  // ---- getters
  const RecordStore& store() const { return store_; }
  /// Everything there was at the position is held.
  bool is_whole() const { return whole_; }
  /// What all stores of the client hold is over limits::client_records_…; names the limit.
  static std::optional<Error> excess(const RecordUse& use);

  // ---- commands
  /// Gives everything up. Returns the keys of what there was.
  std::vector<std::string> dissolve() { return store_.clear(); }
  /// The subscription begins anew. Returns the keys of what went with it.
  std::vector<std::string> start_anew(const SubscribedFrame& frame);
  /// `frame` was accepted at the position `from`, which is `position` by now.
  void apply(const BlockFrame& frame, Offset from, Offset position, RecordChanges& changes);
  /// Whether what is held has this digest at `offset`; nullopt when that cannot be told there.
  std::optional<bool> matches(std::uint64_t digest, Offset offset);
  /// What is held differs, nobody knows where. False, and nothing is done, when the last repair was
  /// begun too short a time ago; else all records have to be asked for.
  bool begin_repair(Instant now);

 private:
  /// True when the row is not older than what is held, and not the same.
  bool is_wanted(const BlockRow& row, bool in_sweep) const;
  bool differs(const BlockRow& row) const;
  bool apply_row(const BlockRow& row, Offset position);
  void sweep(const BlockView& block, RecordChanges& changes);

  RecordStore store_;
  Epoch epoch_;  // in which the versions count
  bool whole_ = false;
  bool repairing_ = false;
  std::optional<Instant> repair_began_;
};

}  // namespace tidegate
