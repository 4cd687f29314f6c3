// Rows that stand in no message: those of a block with merges, each with the record as it is after
// the block. Laid out as a block is (rows, heap, JSON column, binary column), so that whoever reads
// rows in a message reads these by the same table.
#pragma once

#include <string>
#include <vector>

#include "core/client/record_store.h"
#include "core/client/row_table.h"
#include "core/protocol/block_reader.h"

namespace tidegate {

class RecordSource {
 public:
  /// `on_wire` is the row as the message has it; `record` what it led to, nullptr: it is gone.
  void add(const BlockRow& row, const wire::Row& on_wire, const RecordView* record,
           std::uint32_t event);

  std::size_t bytes() const { return heap_.size() + json_.size() + binary_.size(); }

  struct Finished {
    Bytes bytes;
    std::uint32_t json_at = 0;
    std::uint32_t json_bytes = 0;
  };
  /// Appends the rows to `table`.
  Finished finish(std::vector<RowEntry>& table) const;

 private:
  struct Entry {
    std::uint32_t payload_at = 0;  // within its column
    std::uint32_t event = kNoEventName;
  };
  std::vector<wire::Row> rows_;
  std::vector<Entry> entries_;
  std::string heap_;
  std::string json_ = "[";
  Bytes binary_;
};

}  // namespace tidegate
