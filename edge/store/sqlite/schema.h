// The tables of a store's database, and the check that a file is one that this release knows.
//
//   streams     one row for each channel's stream. What was appended since the last trim is not in
//               its top: the log's last offset is. Of a log that has one: the latest source version
//               at its floor.
//   log         one row for each append (several when it is large): its records, as one batch
//               (record_codec.h), which ends at `offset`. `time` is the earliest publication's.
//   places      which row of the log ends at a stream's offset, for the rows up to the one that
//               `settled`, a single row, names (log_table.h).
//   records     of state channels: each record as it is at the stream's floor, deletes too.
//   remembered  the keys of accepted publications that were trimmed, one batch for each trim.
#pragma once

#include "edge/store/sqlite/database.h"

namespace tidegate::store {

/// Creates the tables in an empty file; refuses a file of another kind or of a later release, and
/// one that is damaged.
Status prepare_schema(Database& database);

}  // namespace tidegate::store
