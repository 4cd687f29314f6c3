#include "edge/relay/view_rows.h"

#include "core/base/limits.h"

namespace tidegate::relay {
namespace {

/// That a record is gone, for readers who do not learn what it is now.
Publication delete_of(const Publication& record) {
  Publication gone;
  gone.time = record.time;
  gone.operation = Operation::Delete;
  gone.key = record.key;
  return gone;
}

void add_filtered_record(const LogEntry& entry, const Filter& filter, BlockWriter& writer) {
  const Offset offset = entry.range.offset;
  if (entry.after != nullptr && is_visible(&filter, *entry.after)) {
    writer.add(offset, *entry.after);
  } else if (entry.before != nullptr && is_visible(&filter, *entry.before)) {
    writer.add(offset, delete_of(*entry.publication));
  }
}

}  // namespace

bool is_visible(const Filter* filter, const Publication& publication) {
  if (filter == nullptr) {
    return true;
  }
  const bool is_json = publication.payload_kind == PayloadKind::Json;
  return filter->matches(is_json ? as_text(publication.payload) : std::string_view(),
                         publication.tags);
}

void add_rows(const ChannelLog& log, const Filter* filter, Offset from, Offset end,
              BlockWriter& writer) {
  const bool filters_records = filter != nullptr && log.kind() == ChannelKind::State;
  for (std::size_t index = log.first_beyond(from); index < log.size(); ++index) {
    const LogEntry& entry = log.entry(index).entry;
    if (entry.range.offset > end) {
      break;
    }
    if (entry.publication == nullptr) {
      continue;
    }
    if (filters_records) {
      add_filtered_record(entry, *filter, writer);
    } else if (is_visible(filter, *entry.publication)) {
      writer.add(entry.range.offset, *entry.publication);
    }
  }
}

std::string add_records(const RecordMap& records, const Filter* filter, Offset changed_since,
                        const Pass& pass, BlockWriter& writer) {
  std::size_t looked_at = 0;
  std::string last = pass.after;
  for (const RecordMap::Node* node = records.next_after(pass.after); node != nullptr;
       node = records.next_after(last)) {
    if (writer.row_count() >= limits::block_rows_max ||
        writer.frame_bytes() >= limits::block_bytes_target ||
        looked_at >= limits::page_records_examined_max) {
      return last;
    }
    ++looked_at;
    last = *node->key;
    if (!pass.sweeps && node->version <= changed_since) {
      continue;
    }
    if (node->exists() && is_visible(filter, *node->record)) {
      writer.add(node->version, *node->record);
    } else if (!pass.sweeps) {
      writer.add(node->version, node->exists() ? delete_of(*node->record) : *node->record);
    }
  }
  return {};
}

}  // namespace tidegate::relay
