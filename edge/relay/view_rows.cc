#include "edge/relay/view_rows.h"

#include "core/base/check.h"
#include "core/base/limits.h"

namespace tidegate::relay {
namespace {

/// That a record is gone, for readers who do not learn what it is now.
PublicationPtr delete_of(const Publication& record) {
  auto gone = std::make_shared<Publication>();
  gone->time = record.time;
  gone->operation = Operation::Delete;
  gone->key = record.key;
  return gone;
}

PublicationPtr visible_record(const LogEntry& entry, const ViewProgram& program) {
  if (entry.after != nullptr) {
    if (PublicationPtr seen = program.visible(entry.after)) {
      return seen;
    }
  }
  const bool was_seen = entry.before != nullptr && program.visible(entry.before) != nullptr;
  return was_seen ? delete_of(*entry.publication) : nullptr;
}

bool is_full(const BlockWriter& writer) {
  return writer.row_count() >= limits::block_rows_max ||
         writer.frame_bytes() >= limits::block_bytes_target;
}

}  // namespace

PublicationPtr visible_publication(const LogEntry& entry, ChannelKind kind,
                                   const ViewProgram& program) {
  if (program.is_identity() || entry.publication == nullptr) {
    return entry.publication;
  }
  return kind == ChannelKind::State ? visible_record(entry, program)
                                    : program.visible(entry.publication);
}

void add_rows(const ChannelLog& log, const ViewProgram& program, Offset from, Offset end,
              BlockWriter& writer) {
  for (std::size_t index = log.first_beyond(from); index < log.size(); ++index) {
    const LogEntry& entry = log.entry(index).entry;
    if (entry.range.offset > end) {
      break;
    }
    if (const PublicationPtr row = visible_publication(entry, log.kind(), program)) {
      writer.add(entry.range.offset, *row);
    }
  }
}

std::string add_records(const RecordMap& records, const ViewProgram& program, Offset changed_since,
                        const Pass& pass, BlockWriter& writer) {
  TIDEGATE_CHECK(pass.sweeps || !program.conceals());
  std::size_t looked_at = 0;
  std::string may_end_at = pass.after;
  const RecordMap::Node* node = records.next_after(pass.after);
  for (; node != nullptr; node = records.next_after(*node->key)) {
    const bool has_looked = looked_at >= limits::page_records_examined_max;
    if (is_full(writer) || (has_looked && may_end_at != pass.after)) {
      return may_end_at;
    }
    ++looked_at;
    const bool is_wanted = pass.sweeps || node->version > changed_since;
    const PublicationPtr seen =
        is_wanted && node->exists() ? program.visible(node->record) : nullptr;
    if (seen != nullptr) {
      writer.add(node->version, *seen);
    } else if (is_wanted && !pass.sweeps) {
      writer.add(node->version, node->exists() ? *delete_of(*node->record) : *node->record);
    }
    if (seen != nullptr || !program.conceals()) {
      may_end_at = *node->key;
    }
  }
  return {};
}

}  // namespace tidegate::relay
