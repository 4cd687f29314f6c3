#include "core/client/row_delivery.h"

#include "core/base/check.h"

namespace tidegate {

void RowDelivery::begin_message(ByteView message) {
  TIDEGATE_CHECK(unpolled_ == 0);  // the shell polls until empty after each call
  message_ = message;
  rows_.clear();
}

void RowDelivery::deliver(SubscriptionId subscription, const BlockView& block, Offset floor) {
  const auto first_row = static_cast<std::uint32_t>(rows_.size());
  names_.begin_block();
  block_names_.assign(block.event_count(), kNoEventName);
  BlockView::RowCursor rows = block.rows();
  BlockRow row;
  for (std::uint32_t heap_at = 0; rows.next(row);) {
    if (heap_at == 0) {  // the heap stands right behind the rows
      heap_at = row.row_at + block.row_count() * static_cast<std::uint32_t>(wire::kRowBytes);
    }
    if (row.offset > floor) {
      rows_.push_back({row.row_at, row.payload_at, event_of(block, row.event_index), heap_at});
    }
  }
  const auto delivered = static_cast<std::uint32_t>(rows_.size()) - first_row;
  output_.stats.rows_delivered += delivered;
  output_.stats.duplicates_dropped += block.row_count() - delivered;
  if (delivered > 0) {
    ++unpolled_;
    output_.events.push(RowsDelivered{subscription, first_row, delivered, 0, block.json_at(),
                                      static_cast<std::uint32_t>(block.json().size())});
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
