// The durable store: one SQLite file for the whole process, written by one thread. Every shard's
// requests wait in one queue; the thread takes what has gathered, carries it out as one transaction
// that is on the disk when it ends, and answers (committer.h). While it is at it, more gathers: so
// transactions grow by themselves under load.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "edge/relay/relay_shard.h"
#include "edge/store/sqlite/log_table.h"
#include "edge/store/store.h"

namespace tidegate::store {

struct SqliteOptions {
  std::string path;
  StoreRules rules;           // to begin with
  std::uint64_t entropy = 0;  // for epochs; another one in every process
  std::function<WallTime()> wall_clock;
  std::function<void(const relay::LogLine&)> log;  // thread-safe; may be empty
  // For tests.
  std::string vfs;                   // empty: the system's
  std::uint32_t page_count_max = 0;  // 0: as large as the disk allows
  std::size_t tail_rows = LogTable::kTailRows;
};

class SqliteStore : public Store {
 public:
  /// Opens the file, or creates it where there is none. Unavailable, saying what to do, when it
  /// cannot be used: held by another process, damaged, of a later release, not writable, or gone
  /// while its write-ahead log is still there.
  static Result<std::unique_ptr<SqliteStore>> open(SqliteOptions options);
};

}  // namespace tidegate::store
