// A durable store on a real file in a folder of its own, opened and opened again.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "edge/store/sqlite/sqlite_store.h"
#include "tests/unit/edge/store/sqlite/store_client.h"

namespace tidegate::store::test {

class SqliteStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tidegate-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
    path = (folder / "history.db").string();
    reopen();
  }
  void TearDown() override {
    close();
    std::filesystem::remove_all(folder);
  }
  void close() {
    client.reset();
    store.reset();
  }
  void reopen() {
    close();
    SqliteOptions options = options_at(path, now, ++entropy);
    options.tail_rows = tail_rows;
    options.rules.history_age = [this](const ChannelName&) { return history_age; };
    auto opened = SqliteStore::open(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store = std::move(*opened);
    client = std::make_unique<StoreClient>(*store);
  }
  std::string refusal() {
    const auto opened = SqliteStore::open(options_at(path, now));
    return opened.ok() ? "it was opened" : opened.error().message;
  }
  /// Appends records `from` … `to` to the channel, one append for each `at_a_time`.
  void append(std::uint64_t from, std::uint64_t to, std::uint64_t at_a_time = 1) {
    StreamPosition top = client->open(key)->top;
    for (std::uint64_t n = from; n <= to;) {
      std::vector<LogRecordPtr> records;
      for (std::uint64_t i = 0; i < at_a_time && n <= to; ++i) {
        records.push_back(record(n++, "1", now));
      }
      ASSERT_TRUE(is_durable(client->append(key, top, records)));
      top.offset.value += records.size();
    }
  }
  std::vector<std::uint64_t> sequences(Offset after) {
    const auto read = client->read(key, {client->open(key)->top.epoch, after});
    std::vector<std::uint64_t> found;
    if (!read.ok()) return found;
    for (const auto& one : read->records) found.push_back(one.record->id.sequence);
    return found;
  }

  /// Meanwhile the store is closed.
  int execute(const char* sql) {
    close();
    sqlite3* raw = nullptr;
    int value = -1;
    EXPECT_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
    const auto take = [](void* to, int, char** values, char**) {
      *static_cast<int*>(to) = std::atoi(values[0]);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(raw, sql, take, &value, nullptr), SQLITE_OK) << sql;
    sqlite3_close(raw);
    reopen();
    return value;
  }
  int rows_of_log() { return execute("SELECT count(*) FROM log"); }

  WallTime now = kNoon;
  std::uint64_t entropy = 0;
  std::size_t tail_rows = LogTable::kTailRows;
  std::optional<Duration> history_age;
  std::filesystem::path folder;
  std::string path;
  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<StoreClient> client;
  ChannelKeyPtr key = channel("a:b");
};

}  // namespace tidegate::store::test
