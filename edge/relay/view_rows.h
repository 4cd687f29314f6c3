// What the readers of a view are given of a channel: rows of publications, and pages of records.
#pragma once

#include <string>

#include "core/protocol/block_writer.h"
#include "edge/relay/channel_log.h"
#include "edge/relay/channel_view.h"

namespace tidegate::relay {

/// Adds the rows of the entries within the writer's range (from, end]. Through a program, a record
/// of a state channel is a set of what is visible of the whole record, a delete where the record
/// before was visible and this one is not, and nothing else.
void add_rows(const ChannelLog& log, const ViewProgram& program, Offset from, Offset end,
              BlockWriter& writer);

/// Adds records in key order, from above `pass.after`, until the block is full. Returns the last
/// key that was looked at, or an empty one when all were. To readers from whom something is
/// concealed it is a key that they are shown.
std::string add_records(const RecordMap& records, const ViewProgram& program, Offset changed_since,
                        const Pass& pass, BlockWriter& writer);

/// The publication of an entry as its reader sees it, for reads that are given publications and not
/// rows: of a state channel the operation where nothing is left out, else the record it made.
PublicationPtr visible_publication(const LogEntry& entry, ChannelKind kind,
                                   const ViewProgram& program);

}  // namespace tidegate::relay
