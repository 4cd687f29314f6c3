// What a database needs now and then, a bounded piece at a time: the write-ahead log is copied back
// into the file, free pages are given back to the disk, streams that nobody holds grow old.
#pragma once

#include <utility>

#include "edge/store/sqlite/committer.h"

namespace tidegate::store {

class Upkeep {
 public:
  Upkeep(Database& database, LogTable& log, StreamTable& streams, Committer& committer,
         StreamTable::SweepRules rules);

  /// After every turn: notes down where the log's rows are, and copies the write-ahead log back,
  /// when they have become many.
  void after_commit();
  /// A piece of everything else. True when there is more to do at once.
  bool run(WallTime now);

  void set_history_age(HistoryAge age) { rules_.history_age = std::move(age); }

  std::uint64_t wal_bytes() const { return wal_pages_ * page_size_; }
  std::uint64_t database_bytes() const { return database_bytes_; }

 private:
  void checkpoint();
  bool give_back_pages();
  bool sweep(WallTime now);

  Database& database_;
  LogTable& log_;
  StreamTable& streams_;
  Committer& committer_;
  StreamTable::SweepRules rules_;
  std::uint64_t page_size_;
  std::uint64_t wal_pages_ = 0;  // written since it was last copied back as a whole
  std::uint64_t database_bytes_ = 0;
  std::int64_t swept_to_ = 0;
  WallTime next_sweep_;
};

}  // namespace tidegate::store
