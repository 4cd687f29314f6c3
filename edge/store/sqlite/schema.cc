#include "edge/store/sqlite/schema.h"

#include <string>

#include "core/base/limits.h"

namespace tidegate::store {
namespace {

constexpr std::int64_t kApplication = 0x54474454;  // "TGDT", so that `file` can tell
constexpr std::int64_t kVersion = 1;

constexpr const char* kCreate = R"sql(
BEGIN IMMEDIATE;
CREATE TABLE streams(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant TEXT NOT NULL,
  channel TEXT NOT NULL,
  epoch TEXT NOT NULL,
  floor INTEGER NOT NULL,
  top INTEGER NOT NULL,
  changes_floor INTEGER NOT NULL,
  touched INTEGER NOT NULL,
  source_epoch TEXT,
  source_number INTEGER,
  UNIQUE(tenant, channel)
);
CREATE TABLE log(
  id INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  time INTEGER NOT NULL,
  records BLOB NOT NULL
);
CREATE TABLE places(
  stream INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  row INTEGER NOT NULL,
  PRIMARY KEY(stream, offset)
) WITHOUT ROWID;
CREATE TABLE settled(row INTEGER NOT NULL);
INSERT INTO settled(row) VALUES(0);
CREATE TABLE records(
  stream INTEGER NOT NULL,
  key BLOB NOT NULL,
  version INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY(stream, key)
) WITHOUT ROWID;
CREATE INDEX tombstones ON records(stream, version) WHERE deleted = 1;
CREATE TABLE remembered(
  stream INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  newest INTEGER NOT NULL,
  count INTEGER NOT NULL,
  keys BLOB NOT NULL,
  PRIMARY KEY(stream, offset)
) WITHOUT ROWID;
PRAGMA application_id = 1413956692;
PRAGMA user_version = 1;
COMMIT;
)sql";
static_assert(kApplication == 1413956692 && kVersion == 1);

Error refused(const Database& database, const std::string& what) {
  return Error{ErrorCode::Unavailable, database.path() + ": " + what, 0};
}

Error damaged(const Database& database, std::string_view what) {
  return refused(database, "the database is damaged (" + std::string(what) +
                               "); put a copy back, or move it (with -wal) out of the way to begin "
                               "with an empty history");
}

/// Reads the file through, unless that would take long.
Status check_whole(Database& database) {
  const std::int64_t bytes = database.pragma("page_count") * database.pragma("page_size");
  if (bytes < 0 || static_cast<std::uint64_t>(bytes) > limits::store_check_bytes_max) {
    return ok_status();
  }
  Statement check("PRAGMA quick_check(1)");
  Query query = database.query(check);
  if (!query.step()) return damaged(database, sqlite3_errmsg(database.handle()));
  if (query.text(0) != "ok") return damaged(database, query.text(0));
  return ok_status();
}

}  // namespace

Status prepare_schema(Database& database) {
  const std::int64_t version = database.pragma("user_version");
  const std::int64_t application = database.pragma("application_id");
  Statement any("SELECT count(*) FROM sqlite_schema");
  Query query = database.query(any);
  if (version < 0 || application < 0 || !query.step()) {
    return damaged(database, sqlite3_errmsg(database.handle()));
  }
  if (query.integer(0) == 0 && version == 0) {
    query.run();
    if (!database.execute(kCreate)) return database.error("cannot be created");
    return ok_status();
  }
  if (application != kApplication) {
    return refused(database, "this database is of another program; name another file");
  }
  if (version > kVersion) {
    return refused(database, "this store was written by a later release (version " +
                                 std::to_string(version) + "; this one knows up to " +
                                 std::to_string(kVersion) + "): use that one, or another file");
  }
  return check_whole(database);
}

}  // namespace tidegate::store
