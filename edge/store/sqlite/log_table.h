// The log: one row for each append, in the order of their commits, so that the appends of any
// number of channels fill pages one after another. Where a stream's rows are is held in memory for
// the latest, the tail, and noted down in the table `places` for all before it. Noting down is done
// for many rows at once (settle): an index kept with each append would have a page of it written
// for each channel in every transaction. What is trimmed before that is never noted down at all.
//
// The tail is not lost with the process: it is every row behind the one that `settled` names, and
// is read back at the start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/time.h"
#include "edge/store/sqlite/database.h"

namespace tidegate::store {

class LogTable {
 public:
  /// A tail of so many rows is noted down: often enough that a start reads little back, and seldom
  /// enough that a thousand channels have many rows on each page of places.
  static constexpr std::size_t kTailRows = 32'768;

  /// Reads the tail back. Unavailable when the database cannot be read.
  static Result<std::unique_ptr<LogTable>> load(Database& database,
                                                std::size_t tail_rows = kTailRows);

  /// Records (previous, offset] of a stream, encoded. `previous` is where its last row ends.
  struct Row {
    Offset previous;
    Offset offset;
    ByteView records;
  };

  // Within a transaction. False: the database failed, and says why; there is nothing but to roll
  // back.
  /// What is appended is written some rows at a time, which costs less: `row.records` has to live
  /// until it is flushed, and that has to be done before anything else.
  bool append(std::int64_t stream, const Row& row, WallTime time);
  bool flush();
  /// Rows that end above `after`, in order, as long as `take` gives true. A row that is missing is
  /// handed over without records, which no batch is.
  bool read(std::int64_t stream, Offset after, const std::function<bool(const Row&)>& take);
  /// Drops the rows that end at `through` or below.
  bool drop(std::int64_t stream, Offset through);

  /// Where the last row of the tail ends; of what is noted down, `places` says it.
  std::optional<Offset> tail_end(std::int64_t stream) const;
  // Nothing when the stream has no row, or the database failed.
  std::optional<WallTime> oldest_time(std::int64_t stream);
  std::optional<WallTime> newest_time(std::int64_t stream);

  bool settle_due() const { return tail_rows_ >= settle_at_; }
  /// Notes down where the tail's rows are, in a transaction of its own.
  bool settle();

  // What the transaction came to.
  void committed();
  void rolled_back();

 private:
  struct Place {
    Offset offset;
    std::int64_t row = 0;
  };
  struct NewRow {
    std::int64_t id = 0;
    std::int64_t stream = 0;
    Row row;
    WallTime time;
  };
  using Tail = std::vector<Place>;  // of one stream, in order
  using Tails = std::unordered_map<std::int64_t, Tail>;
  /// What was done to the tail, so that it can be undone.
  struct Change {
    std::int64_t stream = 0;
    Tail removed{};  // from its front; empty: one was added at its end
  };

  LogTable(Database& database, std::size_t tail_rows)
      : database_(database), tail_rows_max_(tail_rows), settle_at_(tail_rows) {}
  /// Rows that one execution of a statement writes.
  static constexpr std::size_t kRowsAtOnce = 16;
  static std::string rows_into(std::string table, std::size_t columns, std::size_t rows);
  /// Writes all, kRowsAtOnce at a time, what is left one by one; `bind` binds one.
  template <typename New, typename Bind>
  bool insert(Statement& one, Statement& some, std::span<const New> rows, Bind&& bind);
  static void bind(Query& query, const NewRow& added);
  bool load_tail();
  bool drop_settled(std::int64_t stream, Offset through);
  void undo(Change& change);
  std::optional<WallTime> time(Statement& statement, std::int64_t of);

  Database& database_;
  const std::size_t tail_rows_max_;
  Tails tails_;  // by stream; none is empty
  std::size_t tail_rows_ = 0;
  std::size_t settle_at_;
  std::int64_t next_row_ = 1;  // no number twice, unlike SQLite's own, or `settled` would lie
  /// Whether SQLite, left to itself, would give that number to the next row: the row before is in
  /// the log, and the last one there. To be asked for a number of one's own costs it a search.
  bool numbers_by_itself_ = false;
  std::int64_t noted_to_ = 0;  // no row behind it is in `places`
  std::vector<Change> changes_;
  std::vector<NewRow> new_rows_;  // not written yet
  bool settling_ = false;

  Statement settled_{"SELECT row FROM settled"};
  Statement set_settled_{"UPDATE settled SET row = ?"};
  Statement last_row_{"SELECT ifnull(max(id), 0) FROM log"};
  Statement tail_{"SELECT stream, offset, id FROM log WHERE id > ? ORDER BY id"};
  Statement append_numbered_{rows_into("log(stream, previous, offset, time, records, id)", 6, 1)};
  Statement append_{rows_into("log(stream, previous, offset, time, records)", 5, 1)};
  Statement append_some_{rows_into("log(stream, previous, offset, time, records)", 5, kRowsAtOnce)};
  Statement read_settled_{
      "SELECT log.previous, places.offset, log.records"
      " FROM places LEFT JOIN log ON log.id = places.row"
      " WHERE places.stream = ? AND places.offset > ? ORDER BY places.offset"};
  Statement read_row_{"SELECT previous, records FROM log WHERE id = ?"};
  Statement drop_settled_rows_{
      "DELETE FROM log WHERE id IN (SELECT row FROM places WHERE stream = ? AND offset <= ?)"};
  Statement drop_places_{"DELETE FROM places WHERE stream = ? AND offset <= ?"};
  Statement drop_row_{"DELETE FROM log WHERE id = ?"};
  Statement oldest_{
      "SELECT log.time FROM places JOIN log ON log.id = places.row WHERE places.stream = ?"
      " ORDER BY places.offset LIMIT 1"};
  Statement newest_{
      "SELECT log.time FROM places JOIN log ON log.id = places.row WHERE places.stream = ?"
      " ORDER BY places.offset DESC LIMIT 1"};
  Statement time_{"SELECT time FROM log WHERE id = ?"};
  Statement place_{rows_into("places(stream, offset, row)", 3, 1)};
  Statement place_some_{rows_into("places(stream, offset, row)", 3, kRowsAtOnce)};
};

}  // namespace tidegate::store
