// One SQLite connection and its statements, with errors as values. Statements are prepared when
// they are first used and kept. One thread at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/types.h"

namespace tidegate::store {

/// A statement's text, and its prepared form once it was used. Belongs to one database, which
/// outlives it.
class Statement {
 public:
  explicit Statement(std::string sql) : sql_(std::move(sql)) {}
  ~Statement() { sqlite3_finalize(prepared_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

 private:
  friend class Database;
  const std::string sql_;
  sqlite3_stmt* prepared_ = nullptr;
};

/// One execution of a statement. What is bound has to live as long.
class Query {
 public:
  Query(sqlite3_stmt* prepared, int code) : prepared_(prepared), code_(code) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(std::uint64_t value);
  Query& bind(std::int64_t value);
  Query& bind(std::string_view text);
  Query& bind(ByteView blob);

  /// To the next row; false when there is none, or when it failed.
  bool step();
  /// Steps through to the end; false when it failed.
  bool run();
  bool failed() const { return code_ != SQLITE_OK && code_ != SQLITE_ROW && code_ != SQLITE_DONE; }

  std::int64_t integer(int column) const { return sqlite3_column_int64(prepared_, column); }
  bool is_null(int column) const { return sqlite3_column_type(prepared_, column) == SQLITE_NULL; }
  std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  /// Valid until the next step.
  std::string_view text(int column) const;
  ByteView blob(int column) const;

 private:
  void note(int code);

  sqlite3_stmt* prepared_;
  int code_;
  int bound_ = 0;
};

struct DatabaseOptions {
  std::string path;
  std::string vfs;                   // empty: the system's
  std::uint32_t page_count_max = 0;  // 0: as large as the disk allows
};

class Database {
 public:
  /// Opens or creates the file and takes it for this process alone; write-ahead log, synchronous.
  /// A log whose database is gone is left as it is, and refused.
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);

  const std::string& path() const { return path_; }
  sqlite3* handle() { return connection_.get(); }

  Query query(Statement& statement);
  /// A text of one or several statements without results.
  bool execute(const char* sql);
  /// The single number that a PRAGMA answers; -1 when it fails.
  std::int64_t pragma(const char* name);

  /// What the call that failed last failed with: the extended result code.
  int failure() const { return sqlite3_extended_errcode(connection_.get()); }
  bool in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }
  /// Unavailable, in words: which file, what happened, what to do.
  Error error(std::string_view what) const;

 private:
  struct Closing {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  explicit Database(std::string path) : path_(std::move(path)) {}
  Status set_up(std::uint32_t page_count_max);
  Error start_error() const;

  std::string path_;
  std::unique_ptr<sqlite3, Closing> connection_;
};

}  // namespace tidegate::store
