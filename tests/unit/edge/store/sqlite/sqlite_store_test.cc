// The durable store as the relay sees it, on a real file: every request, what it is after the store
// was closed and opened again, and how it refuses a file it cannot use.
#include "edge/store/sqlite/sqlite_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/unit/edge/store/sqlite/sqlite_store_fixture.h"

namespace tidegate::store {
namespace {

using namespace test;
using namespace std::chrono_literals;
using relay::AppendUnknown;
using relay::StoreRelease;
using relay::StoreTrim;

PublicationPtr publication(Operation operation, const std::string& key, const std::string& text) {
  auto made = std::make_shared<Publication>();
  made->operation = operation;
  made->key = key;
  made->payload.assign(text.begin(), text.end());
  return made;
}

TEST_F(SqliteStoreTest, EpochAndOffsetsContinueAfterItWasClosed) {
  const StreamPosition start = client->open(key)->top;
  EXPECT_FALSE(start.epoch.empty());
  EXPECT_EQ(start.offset, Offset{0});
  EXPECT_NE(client->open(channel("a:b", "other"))->top.epoch, start.epoch);
  const auto first = client->append(key, start, {record(1), record(2)});
  ASSERT_TRUE(is_durable(first));
  EXPECT_EQ(std::get<relay::AppendDurable>(first).ranges,
            (std::vector<StreamRange>{{Offset{0}, Offset{1}}, {Offset{1}, Offset{2}}}));
  reopen();
  const auto opened = client->open(key);
  EXPECT_EQ(opened->top, (StreamPosition{start.epoch, Offset{2}}));
  EXPECT_EQ(opened->floor, Offset{0});
  append(3, 3);
  EXPECT_EQ(sequences(Offset{0}), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(SqliteStoreTest, AnEmptyStreamKeepsItsEpochUntilItIsReleased) {
  const Epoch epoch = client->open(key)->top.epoch;
  reopen();
  EXPECT_EQ(client->open(key)->top.epoch, epoch);
  client->send(StoreRelease{key});
  EXPECT_NE(client->open(key)->top.epoch, epoch);
}

TEST_F(SqliteStoreTest, AppendsOnlyAtTheExpectedTop) {
  const StreamPosition top = client->open(key)->top;
  EXPECT_TRUE(std::holds_alternative<AppendUnknown>(
      client->append(channel("never:opened"), top, {record(1)})));
  ASSERT_TRUE(is_durable(client->append(key, top, {record(1)})));
  EXPECT_TRUE(std::holds_alternative<AppendUnknown>(client->append(key, top, {record(2)})));
  const StreamPosition elsewhere{Epoch::parse("x").value(), Offset{1}};
  EXPECT_TRUE(std::holds_alternative<AppendUnknown>(client->append(key, elsewhere, {record(2)})));
  EXPECT_EQ(sequences(Offset{0}), std::vector<std::uint64_t>{1});
}

TEST_F(SqliteStoreTest, ReadsFromTheMiddleOfAnAppendAndInPieces) {
  append(1, 10, 4);
  EXPECT_EQ(sequences(Offset{2}), (std::vector<std::uint64_t>{3, 4, 5, 6, 7, 8, 9, 10}));
  const StreamPosition top = client->open(key)->top;
  const auto piece = client->read(key, {top.epoch, Offset{3}}, 3);
  ASSERT_EQ(piece->records.size(), 3U);
  EXPECT_EQ(piece->top, top);
  EXPECT_EQ(piece->records.front().range, (StreamRange{Offset{3}, Offset{4}}));
  EXPECT_EQ(piece->records.back().range.offset, Offset{6});
  EXPECT_TRUE(client->read(key, {Epoch::parse("x").value(), Offset{0}})->records.empty());
  EXPECT_FALSE(client->read(channel("never:opened"), top).ok());
}

TEST_F(SqliteStoreTest, ALargeAppendIsOneAndIsReadInPieces) {
  const StreamPosition top = client->open(key)->top;
  std::vector<LogRecordPtr> records;
  for (std::uint64_t n = 1; n <= 200; ++n) records.push_back(record(n, std::string(60'000, 'x')));
  const auto result = client->append(key, top, records);
  ASSERT_TRUE(is_durable(result));
  EXPECT_EQ(std::get<relay::AppendDurable>(result).ranges.size(), 200U);
  std::uint64_t at = 0;
  for (int pieces = 0; at < 200; ++pieces) {
    ASSERT_LT(pieces, 10);
    const auto read = client->read(key, {top.epoch, Offset{at}});
    ASSERT_TRUE(read.ok() && !read->records.empty());
    for (const auto& one : read->records) ASSERT_EQ(one.record->id.sequence, ++at);
    EXPECT_EQ(read->records.back().range.offset.value, at);
  }
}

TEST_F(SqliteStoreTest, OneTransactionTakesWhatWaitsInOrder) {
  const StreamPosition top = client->open(key)->top;
  const StreamPosition next{top.epoch, Offset{1}};
  const auto other = channel("c:d");
  auto answers = client->ask_all({
      relay::StoreAppend{client->next_id(), key, top, {record(1)}},
      relay::StoreAppend{client->next_id(), key, next, {record(2)}},
      relay::StoreRead{client->next_id(), key, top, 100},
      relay::StoreOpen{client->next_id(), other},
  });
  EXPECT_TRUE(is_durable(std::get<relay::AppendResult>(answers[0].outcome)));
  EXPECT_TRUE(is_durable(std::get<relay::AppendResult>(answers[1].outcome)));
  EXPECT_EQ(std::get<Result<relay::StoreReadResult>>(answers[2].outcome)->records.size(), 2U);
  EXPECT_TRUE(std::get<Result<relay::StoreOpened>>(answers[3].outcome).ok());
}

TEST_F(SqliteStoreTest, ATrimmedStreamBeginsAtItsFloorAndRemembersKeys) {
  append(1, 6, 4);
  client->send(StoreTrim{key, Offset{3}, {}, Offset{0}, {{Offset{1}}, {Offset{3}}}});
  for (int pass = 0; pass < 2; ++pass) {
    const auto opened = client->open(key);
    EXPECT_EQ(opened->floor, Offset{3});
    EXPECT_EQ(opened->top.offset, Offset{6});
    ASSERT_EQ(opened->remembered.size(), 2U) << "the refused one is not remembered";
    EXPECT_EQ(opened->remembered[0].idempotency_key, "k1");
    EXPECT_EQ(opened->remembered[1].offset, Offset{3});
    EXPECT_EQ(opened->remembered[1].event_id, "e3");
    EXPECT_EQ(opened->remembered[1].producer, "p");
    EXPECT_EQ(opened->remembered[1].time, kNoon);
    EXPECT_EQ(opened->remembered[1].payload_hash, (Hash128{3, 3}));
    EXPECT_EQ(sequences(Offset{3}), (std::vector<std::uint64_t>{4, 5, 6}));
    EXPECT_FALSE(client->read(key, {opened->top.epoch, Offset{2}}).ok());
    reopen();
  }
  client->send(StoreTrim{key, Offset{6}, {}, Offset{0}, {}});
  reopen();
  EXPECT_EQ(client->open(key)->top.offset, Offset{6}) << "the top outlives the log";
  EXPECT_EQ(client->open(key)->floor, Offset{6});
}

TEST_F(SqliteStoreTest, KeysAreForgottenWhenNothingCanAskForThem) {
  append(1, 2);
  client->send(StoreTrim{key, Offset{1}, {}, Offset{0}, {{Offset{1}}}});
  now += 11min;
  EXPECT_EQ(client->open(key)->remembered.size(), 1U)
      << "record 2 is in the log and will be judged again, by what was known at its time";
  append(3, 3);
  client->send(StoreTrim{key, Offset{2}, {}, Offset{0}, {{Offset{2}}}});
  EXPECT_TRUE(client->open(key)->remembered.empty());
}

TEST_F(SqliteStoreTest, OfTooManyKeysTheLatestStay) {
  append(1, 1100, 100);
  std::vector<relay::RememberedPlace> answered;
  for (std::uint64_t n = 1; n <= 1050; ++n) answered.push_back({Offset{n}});
  client->send(StoreTrim{key, Offset{1050}, {}, Offset{0}, answered});
  const auto opened = client->open(key);
  ASSERT_EQ(opened->remembered.size(), 1000U);
  EXPECT_EQ(opened->remembered.front().offset, Offset{51});
}

TEST_F(SqliteStoreTest, RecordsAreKeptAsOfTheFloorDeletesToo) {
  append(1, 9);
  client->send(StoreTrim{key,
                         Offset{4},
                         {{Offset{1}, publication(Operation::Set, "b", "1")},
                          {Offset{2}, publication(Operation::Set, "a", "2")},
                          {Offset{4}, publication(Operation::Delete, "c", "")}},
                         Offset{0},
                         {}});
  client->send(
      StoreTrim{key, Offset{5}, {{Offset{5}, publication(Operation::Set, "b", "5")}}, {}, {}});
  for (int pass = 0; pass < 2; ++pass) {
    const StreamPosition floor{client->open(key)->top.epoch, Offset{5}};
    const auto all = client->read_records(key);
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(all->floor, floor);
    EXPECT_FALSE(all->more);
    ASSERT_EQ(all->records.size(), 3U);
    EXPECT_EQ(all->records[0].record->key, "a");
    EXPECT_EQ(all->records[1].version, Offset{5});
    EXPECT_EQ(as_text(all->records[1].record->payload), "5");
    EXPECT_EQ(all->records[2].record->operation, Operation::Delete);
    const auto page = client->read_records(key, "a", 1);
    EXPECT_TRUE(page->more);
    EXPECT_EQ(page->records.front().record->key, "b");
    reopen();
  }
  client->send(StoreTrim{key, Offset{6}, {}, Offset{4}, {}});
  EXPECT_EQ(client->open(key)->changes_floor, Offset{4});
  EXPECT_EQ(client->read_records(key)->records.size(), 2U) << "the delete is forgotten";
}

TEST_F(SqliteStoreTest, WhatNobodyHoldsGrowsOldAndIsForgotten) {
  append(1, 3);
  const Epoch epoch = client->open(key)->top.epoch;
  history_age = 1h;
  now += 30min;
  reopen();
  EXPECT_EQ(client->open(key)->floor, Offset{0});
  now += 60min;
  reopen();
  EXPECT_EQ(client->open(key)->floor, Offset{3});
  EXPECT_EQ(client->open(key)->top, (StreamPosition{epoch, Offset{3}}));
  now += 24h * 8;
  reopen();
  EXPECT_NE(client->open(key)->top.epoch, epoch);
}

LogRecordPtr counted(std::uint64_t sequence, SourceVersion version, WallTime time) {
  auto made = std::make_shared<relay::LogRecord>(*record(sequence, "1", time));
  auto publication = std::make_shared<Publication>(*made->publication);
  publication->source_version = std::move(version);
  made->publication = std::move(publication);
  return made;
}

TEST_F(SqliteStoreTest, TheLatestSourceVersionOutlivesTheLog) {
  append(1, 3);
  EXPECT_EQ(client->open(key)->source_version, std::nullopt);
  const SourceVersion highest{"", ~std::uint64_t{0}};
  client->send(StoreTrim{key, Offset{2}, {}, {}, {}, highest});
  EXPECT_EQ(client->open(key)->source_version, highest);
  client->send(StoreTrim{key, Offset{3}, {}, {}, {}, SourceVersion{"e", 7}});
  client->send(StoreRelease{key});
  EXPECT_EQ(client->open(key)->source_version, (SourceVersion{"e", 7}));
  reopen();
  EXPECT_EQ(client->open(key)->source_version, (SourceVersion{"e", 7}));
}

TEST_F(SqliteStoreTest, OfALogThatIsDroppedUnreadTheLatestSourceVersionStays) {
  const StreamPosition top = client->open(key)->top;
  auto refused = std::make_shared<relay::LogRecord>(*counted(5, {"f", 9}, now));
  refused->if_epoch = Epoch::parse("another").value();
  ASSERT_TRUE(is_durable(client->append(
      key, top,
      {counted(1, {"e", 3}, now), counted(2, {"f", 2}, now), counted(3, {"f", 5}, now),
       counted(4, {"f", 4}, now), refused, record(6, "1", now)})));
  now += 2h;
  history_age = 1h;
  reopen();
  const auto opened = client->open(key);
  ASSERT_EQ(opened->floor, Offset{6});
  EXPECT_EQ(opened->source_version, (SourceVersion{"f", 5}));
}

TEST_F(SqliteStoreTest, OtherRulesHoldWhileItRuns) {
  append(1, 2);
  StoreRules rules = options_at(path, now).rules;
  rules.remembered_age = 2h;
  rules.history_age = [](const ChannelName&) { return std::optional<Duration>(1h); };
  store->reconfigure(rules);
  client->send(StoreTrim{key, Offset{1}, {}, Offset{0}, {{Offset{1}}}});
  now += 30min;
  append(3, 3);
  client->send(StoreTrim{key, Offset{2}, {}, Offset{0}, {{Offset{2}}}});
  EXPECT_EQ(client->open(key)->remembered.size(), 2U);
  rules.remembered_entries = 1;
  store->reconfigure(rules);
  EXPECT_EQ(client->open(key)->remembered.size(), 1U);

  client->send(StoreRelease{key});
  EXPECT_TRUE(client->open(channel("c:d")).ok());  // the release is behind us
  now += 3h;
  const auto before = std::chrono::steady_clock::now();
  Offset floor;
  while (floor != Offset{3} && std::chrono::steady_clock::now() - before < 10s) {
    std::this_thread::sleep_for(limits::store_upkeep_interval * 2);
    floor = client->open(key)->floor;
    client->send(StoreRelease{key});
  }
  EXPECT_EQ(floor, Offset{3}) << "nobody holds it, and it is older than history now";
}

TEST_F(SqliteStoreTest, CountsWhatItDoes) {
  append(1, 4, 2);
  close();
  reopen();
  EXPECT_TRUE(client->open(key).ok());
  append(5, 5);
  const auto counters = store->counters();
  ASSERT_TRUE(counters.has_value());
  EXPECT_EQ(counters->commits, 1U);
  EXPECT_EQ(counters->records_appended, 1U);
  EXPECT_EQ(counters->requests_waiting, 0U);
  EXPECT_GT(counters->database_bytes, 4096U);
}

// ---- files that cannot be used

TEST_F(SqliteStoreTest, ASecondProcessIsRefused) {
  append(1, 1);
  const pid_t child = fork();
  if (child == 0) {
    const auto opened = SqliteStore::open(options_at(path, now));
    const bool refused =
        !opened.ok() && opened.error().message.find("another process") != std::string::npos;
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  append(2, 2);
}

TEST_F(SqliteStoreTest, WhatIsNoDatabaseIsRefusedAndLeftAlone) {
  close();
  const std::string text(10'000, 'x');
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  const std::string message = refusal();
  EXPECT_NE(message.find(path), std::string::npos) << message;
  EXPECT_NE(message.find("no database, or it is damaged"), std::string::npos) << message;
  EXPECT_EQ(std::filesystem::file_size(path), text.size());
}

TEST_F(SqliteStoreTest, ADamagedPageIsFoundAtTheStart) {
  append(1, 200);
  close();
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(4096 * 4);
  file << std::string(8192, '\x5A');
  file.close();
  const std::string message = refusal();
  EXPECT_NE(message.find("damaged"), std::string::npos) << message;
  EXPECT_NE(message.find("put a copy back"), std::string::npos) << message;
}

TEST_F(SqliteStoreTest, AnotherProgramsAndALaterReleasesFilesAreRefused) {
  close();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  sqlite3_exec(raw, "PRAGMA user_version = 2", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  EXPECT_NE(refusal().find("later release"), std::string::npos) << refusal();
  std::filesystem::remove(path);
  ASSERT_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  sqlite3_exec(raw, "CREATE TABLE theirs(x)", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  EXPECT_NE(refusal().find("another program"), std::string::npos) << refusal();
}

/// As a crash leaves them: the log holds what the database does not have yet.
class StrayLogTest : public SqliteStoreTest {
 protected:
  void SetUp() override {
    SqliteStoreTest::SetUp();
    append(1, 3);
    crashed_database = bytes_of(path);
    crashed_log = bytes_of(path + "-wal");
    close();
    std::filesystem::remove(path);
    ASSERT_FALSE(std::filesystem::exists(path + "-wal"));
    ASSERT_GT(crashed_log.size(), 4096U);
  }
  static std::string bytes_of(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void write(const std::string& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string crashed_database;
  std::string crashed_log;
};

TEST_F(StrayLogTest, IsRefusedAndLeftAsItIs) {
  write(path + "-wal", crashed_log);
  const std::string message = refusal();
  EXPECT_NE(message.find(path + " is missing or empty"), std::string::npos) << message;
  EXPECT_NE(message.find(path + "-wal is there"), std::string::npos) << message;
  EXPECT_NE(message.find("put the database back"), std::string::npos) << message;
  EXPECT_NE(message.find("move the log out of the way"), std::string::npos) << message;
  EXPECT_EQ(bytes_of(path + "-wal"), crashed_log);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(StrayLogTest, BesideAnEmptyFileIsRefused) {
  write(path + "-wal", crashed_log);
  write(path, "");
  EXPECT_NE(refusal().find("is missing or empty"), std::string::npos) << refusal();
  EXPECT_EQ(bytes_of(path + "-wal"), crashed_log);
}

TEST_F(StrayLogTest, BehindALinkIsFoundWhereTheFileWouldBe) {
  write(path + "-wal", crashed_log);
  const std::string link = (folder / "link.db").string();
  std::filesystem::create_symlink(path, link);
  path = link;
  EXPECT_NE(refusal().find("history.db-wal is there"), std::string::npos) << refusal();
}

TEST_F(StrayLogTest, IsUsedOnceItsDatabaseIsBack) {
  write(path + "-wal", crashed_log);
  write(path, crashed_database);
  reopen();
  EXPECT_EQ(sequences(Offset{0}), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(StrayLogTest, MovedAwayTheHistoryBeginsEmpty) {
  write((folder / "moved").string(), crashed_log);
  reopen();
  EXPECT_EQ(client->open(key)->top.offset, Offset{0});
}

TEST_F(StrayLogTest, AnEmptyLogHoldsNothingBack) {
  write(path + "-wal", "");
  reopen();
  EXPECT_EQ(client->open(key)->top.offset, Offset{0});
}

TEST_F(SqliteStoreTest, AFolderThatIsMissingIsNamed) {
  path = (folder / "missing" / "history.db").string();
  EXPECT_NE(refusal().find("its folder has to exist"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace tidegate::store
