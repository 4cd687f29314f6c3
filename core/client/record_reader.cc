#include "core/client/record_reader.h"

#include <algorithm>
#include <utility>

#include "core/base/limits.h"

namespace tidegate {

std::optional<Error> RecordReader::excess(const RecordUse& use) {
  const char* limit = use.entries > limits::client_records_max       ? "client_records_max"
                      : use.bytes > limits::client_records_bytes_max ? "client_records_bytes_max"
                                                                     : nullptr;
  if (limit == nullptr) {
    return std::nullopt;
  }
  return Error{ErrorCode::LimitExceeded,
               std::string("over ") + limit +
                   ": the client's state channels hold too much; subscribe with a filter",
               0};
}

std::vector<std::string> RecordReader::start_anew(const SubscribedFrame& frame) {
  const bool other_stream = frame.start.epoch != epoch_;
  if (other_stream || frame.reason == SnapshotReason::PositionUnknown) {
    store_.forget_versions();
  }
  if (other_stream) {
    epoch_ = frame.start.epoch;
    repairing_ = false;
  }
  // Without a pass over all records nothing would remove those that are gone.
  whole_ = frame.catch_up != CatchUp::Records;
  if (!whole_) {
    return {};
  }
  repairing_ = false;
  store_.forget_versions();
  return store_.clear();
}

// ---- blocks

void RecordReader::apply(const BlockFrame& frame, Offset from, Offset position,
                         RecordChanges& changes) {
  const BlockView& block = frame.block;
  const bool in_sweep = block.shape().sweep;
  BlockView::RowCursor rows = block.rows();
  for (BlockRow row; rows.next(row);) {
    // What a replay has at or below the position is in what is held, deleted or not.
    const bool is_past = !block.shape().records && row.offset <= from;
    const bool repairs = repairing_ && in_sweep && differs(row);
    if (is_past || !is_wanted(row, in_sweep) || !apply_row(row, position)) {
      ++changes.passed_over;
      continue;
    }
    changes.repaired += repairs ? 1 : 0;
    changes.has_merge = changes.has_merge || row.operation == Operation::Merge;
    changes.rows.push_back(row);
  }
  if (in_sweep) {
    sweep(block, changes);
  }
  store_.forget_deletes(position);
  if (in_sweep && !frame.more) {
    whole_ = true;
    repairing_ = false;
  }
}

bool RecordReader::is_wanted(const BlockRow& row, bool in_sweep) const {
  if (row.key.empty() || row.operation == Operation::Append) {
    return false;  // not of a state channel
  }
  return store_.is_news(row.key, row.offset) || (repairing_ && in_sweep && differs(row));
}

/// The same version with another content: only a repair may take it.
bool RecordReader::differs(const BlockRow& row) const {
  const std::optional<RecordView> held = store_.find(row.key);
  return held && held->version == row.offset &&
         (held->payload_kind != row.payload_kind || as_text(held->payload) != as_text(row.payload));
}

/// False when it is a merge into what is no object: a digest will find that out.
bool RecordReader::apply_row(const BlockRow& row, Offset position) {
  if (row.operation == Operation::Merge) {
    return store_.merge(row.key, row.offset, as_text(row.payload));
  }
  if (row.operation == Operation::Set) {
    store_.set(row.key, row.offset, row.payload_kind, row.payload);
    return true;
  }
  store_.erase(row.key, row.offset);
  if (row.offset > position) {
    store_.remember_delete(row.key, row.offset);
  }
  return true;
}

void RecordReader::sweep(const BlockView& block, RecordChanges& changes) {
  std::vector<std::string_view> kept;
  kept.reserve(block.row_count());
  BlockView::RowCursor rows = block.rows();
  for (BlockRow row; rows.next(row);) {
    kept.push_back(row.key);
  }
  changes.removed =
      store_.sweep({block.sweep_after(), block.sweep_until()}, block.sweep_read_at(), kept);
  changes.repaired += repairing_ ? changes.removed.size() : 0;
}

// ---- the digest

std::optional<bool> RecordReader::matches(std::uint64_t digest, Offset offset) {
  if (!whole_ || store_.newest() > offset) {
    return std::nullopt;
  }
  return store_.digest() == digest;
}

bool RecordReader::begin_repair(Instant now) {
  if (repair_began_ && now < *repair_began_ + limits::repair_interval_min) {
    return false;
  }
  repair_began_ = now;
  repairing_ = true;
  whole_ = false;
  return true;
}

}  // namespace tidegate
