#include "core/client/row_delivery.h"

#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/client/record_source.h"

namespace tidegate {

void RowDelivery::begin_message(ByteView message) {
  TIDEGATE_CHECK(unpolled_ == 0);  // the shell polls until empty after each call
  message_ = message;
  rows_.clear();
  sources_.clear();
  source_bytes_ = 0;
}

ByteView RowDelivery::source(std::uint32_t source) const {
  if (source == 0) {
    return message_;
  }
  return source <= sources_.size() ? ByteView(sources_[source - 1]) : ByteView();
}

void RowDelivery::deliver(SubscriptionId subscription, const BlockView& block, Offset floor) {
  const auto first_row = static_cast<std::uint32_t>(rows_.size());
  begin_block(block);
  const std::uint32_t heap_at = block.heap_at();
  BlockView::RowCursor rows = block.rows();
  for (BlockRow row; rows.next(row);) {
    if (row.offset > floor) {
      rows_.push_back({row.row_at, row.payload_at, event_of(block, row.event_index), heap_at});
    }
  }
  const auto delivered = static_cast<std::uint32_t>(rows_.size()) - first_row;
  output_.stats.duplicates_dropped += block.row_count() - delivered;
  push(RowsDelivered{subscription, first_row, delivered, 0, block.json_at(),
                     static_cast<std::uint32_t>(block.json().size())});
}

Status RowDelivery::deliver_records(SubscriptionId subscription, const BlockView& block,
                                    const RecordChanges& changes, const RecordStore& store) {
  begin_block(block);
  RowsDelivered delivered{
      SubscriptionId::None, static_cast<std::uint32_t>(rows_.size()),       0, 0,
      block.json_at(),      static_cast<std::uint32_t>(block.json().size())};
  if (changes.has_merge) {
    Result<RowsDelivered> copied = copy_records(block, changes, store);
    if (!copied) {
      return copied.error();
    }
    delivered = *copied;
  } else {
    for (const BlockRow& row : changes.rows) {
      rows_.push_back(
          {row.row_at, row.payload_at, event_of(block, row.event_index), block.heap_at()});
    }
  }
  delivered.subscription = subscription;
  delivered.row_count = static_cast<std::uint32_t>(rows_.size()) - delivered.first_row;
  output_.stats.duplicates_dropped += changes.passed_over;
  push(delivered);
  return ok_status();
}

/// Each record once, as the block leaves it: however many merges it got, it is copied once.
Result<RowsDelivered> RowDelivery::copy_records(const BlockView& block,
                                                const RecordChanges& changes,
                                                const RecordStore& store) {
  RecordSource source;
  for (const BlockRow& row : changes.rows) {
    const std::optional<RecordView> record = store.find(row.key);
    const bool exists = row.operation != Operation::Delete;
    if (record.has_value() != exists || (record && record->version != row.offset)) {
      continue;  // a later row of this block has changed it again
    }
    wire::Row on_wire;
    std::memcpy(&on_wire, message_.subspan(row.row_at, wire::kRowBytes).data(), wire::kRowBytes);
    source.add(row, on_wire, record ? &*record : nullptr, event_of(block, row.event_index));
    if (source.bytes() + source_bytes_ > limits::merged_records_bytes_max) {
      return Error{
          ErrorCode::LimitExceeded,
          "over merged_records_bytes_max: one message merges into too much; subscribe with "
          "a filter",
          0};
    }
  }
  RowsDelivered delivered;
  delivered.first_row = static_cast<std::uint32_t>(rows_.size());
  RecordSource::Finished finished = source.finish(rows_);
  source_bytes_ += finished.bytes.size();
  sources_.push_back(std::move(finished.bytes));
  delivered.source = static_cast<std::uint32_t>(sources_.size());
  delivered.json_at = finished.json_at;
  delivered.json_bytes = finished.json_bytes;
  return delivered;
}

void RowDelivery::begin_block(const BlockView& block) {
  names_.begin_block();
  block_names_.assign(block.event_count(), kNoEventName);
}

void RowDelivery::push(RowsDelivered delivered) {
  output_.stats.rows_delivered += delivered.row_count;
  if (delivered.row_count > 0) {
    ++unpolled_;
    output_.events.push(delivered);
  }
}

std::uint32_t RowDelivery::event_of(const BlockView& block, std::uint16_t index) {
  if (index == wire::kNoEvent) {
    return kNoEventName;
  }
  std::uint32_t& number = block_names_[index];
  if (number == kNoEventName) {
    number = names_.intern(block.event_name(index), output_.events);
  }
  return number;
}

}  // namespace tidegate
