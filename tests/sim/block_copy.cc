#include "tests/sim/block_copy.h"

namespace tidegate::sim {

void copy_rows(const BlockView& block, BlockWriter& writer) {
  BlockView::RowCursor rows = block.rows();
  for (BlockRow row; rows.next(row);) {
    Publication publication;
    publication.time = row.time;
    publication.operation = row.operation;
    publication.payload_kind = row.payload_kind;
    publication.key = std::string(row.key);
    publication.event_id = std::string(row.event_id);
    if (row.event_index != wire::kNoEvent) {
      publication.event = std::string(block.event_name(row.event_index));
    }
    publication.payload.assign(row.payload.begin(), row.payload.end());
    writer.add(row.offset, publication);
  }
}

}  // namespace tidegate::sim
