// Acknowledged publications per second through the sqlite store, and through nothing but SQLite:
// transactions of as many rows of as many bytes as the store's were, synced alike. In turns, on the
// same disk, in one run; a JSON object for each round.
//
//   bench_store --folder F --payload BYTES --channels N --per-append N --trim 0|1
//               --seconds N --rounds N
#include <sqlite3.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "bench/socket_io.h"
#include "edge/store/record_codec.h"
#include "edge/store/sqlite/sqlite_store.h"

using namespace tidegate;
using namespace tidegate::bench;
using Clock = std::chrono::steady_clock;

namespace {

struct Work {
  std::filesystem::path folder;
  std::size_t payload = 0;
  std::size_t channels = 0;
  std::size_t per_append = 0;
  bool trim = false;
  std::chrono::seconds duration{};
};

struct Measured {
  double per_second = 0;
  double rows_per_commit = 0;
};

constexpr std::uint64_t kHistory = 1000;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(
      WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::system_clock::now().time_since_epoch())});
}

relay::LogRecordPtr record_of(const Work& work, std::uint64_t number) {
  auto publication = std::make_shared<Publication>();
  publication->time = wall_now();
  publication->event = "tick";
  publication->payload.assign(work.payload, 'x');
  auto record = std::make_shared<relay::LogRecord>();
  record->id = {1, number};
  record->producer = "key:bench";
  record->idempotency_key = "publish-" + std::to_string(number);
  record->publication = std::move(publication);
  return record;
}

std::string fresh_file(const Work& work, const char* name) {
  const std::string path = (work.folder / name).string();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  return path;
}

/// As the owners of so many channels: each has one append outstanding, and asks for the next as
/// soon as it is acknowledged.
class Owners {
 public:
  Owners(const Work& work, store::Store& store)
      : work_(work), port_(store.connect([this](std::vector<store::StoreAnswer> answers) {
          const std::lock_guard<std::mutex> lock(mutex_);
          for (auto& answer : answers) answers_.push_back(std::move(answer));
          changed_.notify_one();
        })) {
    for (std::size_t i = 0; i < work.channels; ++i) {
      auto name = ChannelName::parse("bench:" + std::to_string(i));
      owners_.push_back({std::make_shared<const relay::ChannelKey>(
                             relay::ChannelKey{"default", std::move(*name)}),
                         {},
                         {},
                         {}});
      port_->submit(relay::StoreOpen{relay::EffectId{i + 1}, owners_[i].key});
    }
  }

  /// Publications acknowledged until `end`.
  std::uint64_t run(Clock::time_point end) {
    std::uint64_t acknowledged = 0;
    std::size_t outstanding = work_.channels;
    while (outstanding > 0) {
      for (store::StoreAnswer& answer : wait()) {
        --outstanding;
        Owner& owner = owners_[static_cast<std::size_t>(answer.id) - 1];
        const bool in_time = Clock::now() < end;
        acknowledged += settle(owner, answer, in_time);
        if (!in_time) continue;
        if (work_.trim) trim(owner);
        append(answer.id, owner);
        ++outstanding;
      }
    }
    return acknowledged;
  }

 private:
  struct Owner {
    relay::ChannelKeyPtr key;
    StreamPosition top;
    Offset floor;
    Clock::time_point trimmed_at;
  };

  std::vector<store::StoreAnswer> wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !answers_.empty(); });
    return std::exchange(answers_, {});
  }

  std::uint64_t settle(Owner& owner, const store::StoreAnswer& answer, bool in_time) {
    if (const auto* opened = std::get_if<Result<relay::StoreOpened>>(&answer.outcome)) {
      owner.top = (*opened)->top;
      return 0;
    }
    const auto* result = std::get_if<relay::AppendResult>(&answer.outcome);
    const auto* durable = std::get_if<relay::AppendDurable>(result);
    if (durable == nullptr) fail("an append failed");
    owner.top.offset = durable->ranges.back().offset;
    return in_time ? durable->ranges.size() : 0;
  }

  void append(relay::EffectId id, Owner& owner) {
    std::vector<relay::LogRecordPtr> records;
    for (std::size_t i = 0; i < work_.per_append; ++i) {
      records.push_back(record_of(work_, ++number_));
    }
    port_->submit(relay::StoreAppend{id, owner.key, owner.top, std::move(records)});
  }

  /// Once a second, like a channel's owner.
  void trim(Owner& owner) {
    if (owner.top.offset.value < owner.floor.value + kHistory ||
        Clock::now() < owner.trimmed_at + std::chrono::seconds(1)) {
      return;
    }
    relay::StoreTrim trim{owner.key, Offset{owner.top.offset.value - kHistory}, {}, {}, {}};
    for (std::uint64_t at = owner.floor.value; at < trim.floor.value; ++at) {
      trim.remembered.push_back({Offset{at + 1}});
    }
    owner.floor = trim.floor;
    owner.trimmed_at = Clock::now();
    port_->submit(std::move(trim));
  }

  const Work& work_;
  std::vector<Owner> owners_;
  std::uint64_t number_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<store::StoreAnswer> answers_;
  std::unique_ptr<store::StorePort> port_;
};

Measured through_store(const Work& work) {
  store::SqliteOptions options;
  options.path = fresh_file(work, "store.db");
  options.rules.remembered_age = limits::idempotency_window_age_default;
  options.rules.remembered_entries = limits::idempotency_window_entries_default;
  options.entropy = 1;
  options.wall_clock = wall_now;
  auto opened = store::SqliteStore::open(std::move(options));
  if (!opened) fail(opened.error().message);
  Owners owners(work, **opened);
  const auto begun = Clock::now();
  const std::uint64_t acknowledged = owners.run(begun + work.duration);
  const double took = std::chrono::duration<double>(work.duration).count();
  const auto counters = *(*opened)->counters();
  const double appends =
      static_cast<double>(counters.records_appended) / static_cast<double>(work.per_append);
  return {static_cast<double>(acknowledged) / took,
          appends / static_cast<double>(std::max<std::uint64_t>(counters.commits, 1))};
}

void execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail(sqlite3_errmsg(database));
  }
}

/// Rows as large as an append's, so many in each transaction.
Measured through_sqlite(const Work& work, double rows_per_commit) {
  std::vector<relay::LogRecordPtr> records;
  for (std::size_t i = 0; i < work.per_append; ++i) records.push_back(record_of(work, i));
  const Bytes row = store::encode_log(records);
  const auto rows = static_cast<std::uint64_t>(std::max(1.0, rows_per_commit + 0.5));
  sqlite3* database = nullptr;
  sqlite3_open(fresh_file(work, "raw.db").c_str(), &database);
  execute(database,
          "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
          "CREATE TABLE log(id INTEGER PRIMARY KEY, records BLOB NOT NULL)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO log(records) VALUES(?)", -1, &insert, nullptr);
  std::uint64_t acknowledged = 0;
  const auto begun = Clock::now();
  while (Clock::now() < begun + work.duration) {
    execute(database, "BEGIN IMMEDIATE");
    for (std::uint64_t i = 0; i < rows; ++i) {
      sqlite3_bind_blob64(insert, 1, row.data(), row.size(), SQLITE_STATIC);
      if (sqlite3_step(insert) != SQLITE_DONE) fail(sqlite3_errmsg(database));
      sqlite3_reset(insert);
    }
    execute(database, "COMMIT");
    acknowledged += rows * work.per_append;
  }
  const double took = seconds_since(begun);
  sqlite3_finalize(insert);
  sqlite3_close(database);
  return {static_cast<double>(acknowledged) / took, static_cast<double>(rows)};
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](const char* name, const char* otherwise) {
    return static_cast<std::size_t>(std::stoul(argument(argc, argv, name, otherwise)));
  };
  Work work;
  work.folder = argument(argc, argv, "--folder", ".");
  work.payload = number("--payload", "200");
  work.channels = number("--channels", "100");
  work.per_append = number("--per-append", "1");
  work.trim = number("--trim", "0") != 0;
  work.duration = std::chrono::seconds(number("--seconds", "2"));
  for (std::size_t round = number("--rounds", "3"); round > 0; --round) {
    const Measured store = through_store(work);
    const Measured raw = through_sqlite(work, store.rows_per_commit);
    std::printf("{\"store\":%.1f,\"raw\":%.1f,\"rowsPerCommit\":%.1f}\n", store.per_second,
                raw.per_second, store.rows_per_commit);
    std::fflush(stdout);
  }
  for (const char* name : {"store.db", "raw.db"}) fresh_file(work, name);
}
