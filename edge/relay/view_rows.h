// What the readers of a view are given of a channel: rows of publications, and pages of records.
#pragma once

#include <string>

#include "core/protocol/block_writer.h"
#include "edge/relay/channel_log.h"
#include "edge/relay/channel_view.h"

namespace tidegate::relay {

/// True when the view lets the publication (or whole record) through.
bool is_visible(const Filter* filter, const Publication& publication);

/// Adds the rows of the entries within the writer's range (from, end]. Through a filter, a record
/// of a state channel is a set of the whole record where the filter lets it through, a delete where
/// it let the record before through, and nothing else.
void add_rows(const ChannelLog& log, const Filter* filter, Offset from, Offset end,
              BlockWriter& writer);

/// Adds records in key order, from above `pass.after`, until the block is full. Returns the last
/// key that was looked at, or an empty one when all were.
std::string add_records(const RecordMap& records, const Filter* filter, Offset changed_since,
                        const Pass& pass, BlockWriter& writer);

}  // namespace tidegate::relay
