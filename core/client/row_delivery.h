// Turns blocks into rows for the application: the hot path. It fills the row table, whose entries
// point into the message; nothing is copied, and in steady state nothing is allocated. Only the
// records that merges have led to stand in no message: they are copied into a source of their own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/client/event_names.h"
#include "core/client/record_reader.h"
#include "core/client/row_table.h"
#include "core/client/session_output.h"
#include "core/protocol/block_reader.h"

namespace tidegate {

class RowDelivery {
 public:
  explicit RowDelivery(SessionOutput& output) : output_(output), names_(output.options.seed) {}

  /// A new message begins. All rows of the one before must have been polled: their bytes are gone.
  void begin_message(ByteView message);
  /// Rows of `block` above `floor` become a RowsDelivered event; the others are counted.
  void deliver(SubscriptionId subscription, const BlockView& block, Offset floor);
  /// What a block has changed, as rows; `store` holds the records as they are after it.
  /// LimitExceeded, and nothing is delivered, over limits::merged_records_bytes_max.
  Status deliver_records(SubscriptionId subscription, const BlockView& block,
                         const RecordChanges& changes, const RecordStore& store);
  /// One RowsDelivered event has reached the shell.
  void handle_polled() { --unpolled_; }

  std::span<const RowEntry> rows() const { return rows_; }
  /// What rows of `source` point into: 0 is the message, others are made of it.
  ByteView source(std::uint32_t source) const;

 private:
  std::uint32_t event_of(const BlockView& block, std::uint16_t index);
  void begin_block(const BlockView& block);
  void push(RowsDelivered delivered);
  Result<RowsDelivered> copy_records(const BlockView& block, const RecordChanges& changes,
                                     const RecordStore& store);

  SessionOutput& output_;
  EventNames names_;
  ByteView message_;
  std::vector<Bytes> sources_;  // beyond the message
  std::size_t source_bytes_ = 0;
  std::vector<RowEntry> rows_;
  std::vector<std::uint32_t> block_names_;  // by the block's index; kNoEventName: not interned yet
  std::uint32_t unpolled_ = 0;
};

}  // namespace tidegate
