#include "edge/store/sqlite/database.h"

#include <utility>

#include "core/base/limits.h"

namespace tidegate::store {
namespace {

/// As SQLite itself asks for its journals: there, and not empty.
bool holds_anything(sqlite3_vfs* vfs, const std::string& path) {
  int there = 0;
  vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &there);
  return there != 0;
}

/// The file as SQLite will open it, with links followed: its log stands beside that one.
std::string full_path(sqlite3_vfs* vfs, const std::string& path) {
  std::string full(static_cast<std::size_t>(vfs->mxPathname) + 1, '\0');
  const int code =
      vfs->xFullPathname(vfs, path.c_str(), static_cast<int>(full.size()), full.data());
  return (code & 0xFF) == SQLITE_OK ? std::string(full.c_str()) : path;
}

/// A write-ahead log without its database says nothing by itself, and SQLite deletes it without a
/// word when it creates the database anew. It may hold what was acknowledged last, and the database
/// may only be elsewhere.
Status check_log_has_database(const DatabaseOptions& options) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (vfs == nullptr) return ok_status();  // opening it says so
  const std::string path = full_path(vfs, options.path);
  const std::string log = path + "-wal";
  if (!holds_anything(vfs, log) || holds_anything(vfs, path)) return ok_status();
  return Error{ErrorCode::Unavailable,
               options.path + " is missing or empty, but its write-ahead log " + log +
                   " is there and holds publications that would be lost; put the database back, "
                   "or move the log out of the way to begin with an empty history",
               0};
}

}  // namespace

// ---- Query

Query::~Query() {
  if (prepared_ != nullptr) {
    sqlite3_reset(prepared_);
    sqlite3_clear_bindings(prepared_);
  }
}

void Query::note(int code) {
  if (!failed()) code_ = code;
}

Query& Query::bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }

Query& Query::bind(std::int64_t value) {
  note(sqlite3_bind_int64(prepared_, ++bound_, value));
  return *this;
}

Query& Query::bind(std::string_view text) {
  note(sqlite3_bind_text64(prepared_, ++bound_, text.empty() ? "" : text.data(), text.size(),
                           SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Query& Query::bind(ByteView blob) {
  // A null pointer would bind NULL.
  const void* data = blob.empty() ? static_cast<const void*>("") : blob.data();
  note(sqlite3_bind_blob64(prepared_, ++bound_, data, blob.size(), SQLITE_STATIC));
  return *this;
}

bool Query::step() {
  if (failed() || code_ == SQLITE_DONE) return false;
  code_ = sqlite3_step(prepared_);
  return code_ == SQLITE_ROW;
}

bool Query::run() {
  while (step()) {
  }
  return !failed();
}

std::string_view Query::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column))};
}

ByteView Query::blob(int column) const {
  const auto* blob = static_cast<const std::uint8_t*>(sqlite3_column_blob(prepared_, column));
  if (blob == nullptr) return {};
  return {blob, static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column))};
}

// ---- Database

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  const Status complete = check_log_has_database(options);
  if (!complete) return complete.error();
  std::unique_ptr<Database> database(new Database(options.path));
  sqlite3* connection = nullptr;
  const int opened = sqlite3_open_v2(
      options.path.c_str(), &connection,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      options.vfs.empty() ? nullptr : options.vfs.c_str());
  database->connection_.reset(connection);
  if (connection == nullptr) {
    return Error{ErrorCode::Unavailable, options.path + ": no memory for a database", 0};
  }
  if (opened != SQLITE_OK) return database->start_error();
  const Status status = database->set_up(options.page_count_max);
  if (!status) return status.error();
  return database;
}

/// Exclusive locking keeps every other process out, and the log's index in this one's memory.
Status Database::set_up(std::uint32_t page_count_max) {
  if (!execute("PRAGMA locking_mode = EXCLUSIVE")) return start_error();
  // Where there are tables it would change nothing, and write: which a full disk does not allow.
  if (pragma("page_count") == 0 && !execute("PRAGMA auto_vacuum = INCREMENTAL")) {
    return start_error();
  }
  const std::string setting =
      "PRAGMA journal_mode = WAL;"
      "PRAGMA synchronous = FULL;"
      "PRAGMA wal_autocheckpoint = 0;"
      "PRAGMA trusted_schema = OFF;"
      "PRAGMA cache_size = -" +
      std::to_string(limits::store_cache_bytes / 1024) +
      ";"
      "PRAGMA journal_size_limit = " +
      std::to_string(limits::store_wal_bytes_kept) + ";";
  if (!execute(setting.c_str())) return start_error();
  if (page_count_max != 0) {
    execute(("PRAGMA max_page_count = " + std::to_string(page_count_max)).c_str());
  }
  // Takes the lock, and reads what is there.
  if (!execute("BEGIN IMMEDIATE; COMMIT;")) return start_error();
  Statement mode("PRAGMA journal_mode");
  Query query = this->query(mode);
  if (!query.step() || query.text(0) != "wal") {
    return Error{ErrorCode::Unavailable,
                 path_ + " cannot keep a write-ahead log: put it on a file system of this machine",
                 0};
  }
  return ok_status();
}

Query Database::query(Statement& statement) {
  if (statement.prepared_ == nullptr) {
    const int code = sqlite3_prepare_v3(connection_.get(), statement.sql_.c_str(), -1,
                                        SQLITE_PREPARE_PERSISTENT, &statement.prepared_, nullptr);
    if (code != SQLITE_OK) return Query(nullptr, code);
  }
  return Query(statement.prepared_, SQLITE_OK);
}

bool Database::execute(const char* sql) {
  return sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::int64_t Database::pragma(const char* name) {
  const std::string text = std::string("PRAGMA ") + name;
  Statement statement(text);
  Query query = this->query(statement);
  return query.step() ? query.integer(0) : -1;
}

Error Database::error(std::string_view what) const {
  const int code = failure();
  std::string text = "the store " + path_ + " " + std::string(what) + ": ";
  if ((code & 0xFF) == SQLITE_FULL) {
    text += "the disk is full; free space there, the relay goes on by itself";
  } else {
    text += sqlite3_errmsg(connection_.get());
    text += " (" + std::string(sqlite3_errstr(code)) + ")";
  }
  return Error{ErrorCode::Unavailable, std::move(text), limits::store_retry_after_ms};
}

Error Database::start_error() const {
  const int code = failure();
  std::string text = path_ + ": ";
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      text += "another process has this store open; each relay needs a file of its own";
      break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      text +=
          "this is no database, or it is damaged; put a copy back, or move it (with -wal) out of "
          "the way to begin with an empty history";
      break;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      text +=
          "cannot be opened for writing; its folder has to exist, and both have to be writable "
          "for this user";
      break;
    case SQLITE_FULL:
      text += "the disk is full";
      break;
    default:
      text += "the store cannot be opened";
  }
  return Error{ErrorCode::Unavailable,
               text + " (" + std::string(sqlite3_errmsg(connection_.get())) + ")", 0};
}

}  // namespace tidegate::store
