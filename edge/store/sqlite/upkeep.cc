#include "edge/store/sqlite/upkeep.h"

#include <chrono>
#include <string>
#include <utility>

#include "core/base/limits.h"

namespace tidegate::store {

Upkeep::Upkeep(Database& database, LogTable& log, StreamTable& streams, Committer& committer,
               StreamTable::SweepRules rules)
    : database_(database),
      log_(log),
      streams_(streams),
      committer_(committer),
      rules_(std::move(rules)),
      page_size_(static_cast<std::uint64_t>(database.pragma("page_size"))) {
  sqlite3_wal_hook(
      database_.handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Upkeep*>(self)->wal_pages_ = static_cast<std::uint64_t>(pages);
        return SQLITE_OK;
      },
      this);
  checkpoint();  // what an earlier process left
  database_bytes_ = static_cast<std::uint64_t>(database_.pragma("page_count")) * page_size_;
}

void Upkeep::after_commit() {
  if (log_.settle_due()) committer_.transact([this] { streams_.settle(); });
  if (wal_bytes() >= limits::store_checkpoint_bytes) checkpoint();
}

/// Nobody else reads the file, so the whole log is copied, and the next commit begins it anew. When
/// it cannot be, it goes on growing, and it is tried again.
void Upkeep::checkpoint() {
  int pages = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             &pages, &copied);
  if (code == SQLITE_OK && copied >= pages) wal_pages_ = 0;
}

bool Upkeep::run(WallTime now) {
  committer_.retry_trims(now);
  const bool more_pages = give_back_pages();
  const bool more_streams = sweep(now);
  after_commit();
  database_bytes_ = static_cast<std::uint64_t>(database_.pragma("page_count")) * page_size_;
  return more_pages || more_streams;
}

/// Free pages are used again by what is appended next; only a surplus goes back to the disk.
bool Upkeep::give_back_pages() {
  const std::int64_t free = database_.pragma("freelist_count");
  const std::int64_t all = database_.pragma("page_count");
  const std::int64_t kept =
      std::max(static_cast<std::int64_t>(limits::store_free_pages_kept), all / 4);
  if (free <= kept) return false;
  const std::int64_t some =
      std::min(free - kept, static_cast<std::int64_t>(limits::store_vacuum_pages_per_turn));
  return database_.execute(("PRAGMA incremental_vacuum(" + std::to_string(some) + ")").c_str()) &&
         some < free - kept;
}

bool Upkeep::sweep(WallTime now) {
  if (swept_to_ == 0 && now < next_sweep_) return false;
  std::int64_t last = 0;
  const bool done = committer_.transact(
      [&] { last = streams_.sweep(swept_to_, limits::store_sweep_streams_per_turn, rules_, now); });
  swept_to_ = done ? last : 0;
  if (swept_to_ == 0) {
    next_sweep_ =
        now + std::chrono::duration_cast<std::chrono::milliseconds>(limits::store_sweep_interval);
  }
  return swept_to_ != 0;
}

}  // namespace tidegate::store
