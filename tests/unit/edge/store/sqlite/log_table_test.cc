// The log's rows as the store finds them: those that are noted down, and the tail that is not yet.
#include "edge/store/sqlite/log_table.h"

#include "tests/unit/edge/store/sqlite/sqlite_store_fixture.h"

namespace tidegate::store {
namespace {

using namespace test;
using namespace std::chrono_literals;
using relay::StoreRelease;
using relay::StoreTrim;

using LogTableTest = SqliteStoreTest;

TEST_F(LogTableTest, ReadsAndTrimsGoFromNotedRowsIntoTheTail) {
  tail_rows = 4;
  reopen();
  append(1, 20, 2);  // ten rows; eight of them noted down, in two turns
  for (int pass = 0; pass < 2; ++pass) {
    const auto all = sequences(Offset{0});
    ASSERT_EQ(all.size(), 20U);
    EXPECT_EQ(all.front(), 1U);
    EXPECT_EQ(all.back(), 20U);
    EXPECT_EQ(sequences(Offset{15}), (std::vector<std::uint64_t>{16, 17, 18, 19, 20}));
    EXPECT_EQ(sequences(Offset{17}), (std::vector<std::uint64_t>{18, 19, 20}));
    EXPECT_EQ(client->open(key)->top.offset, Offset{20});
    reopen();
  }
  client->send(StoreTrim{key, Offset{5}, {}, Offset{0}, {{Offset{1}}}});
  EXPECT_EQ(sequences(Offset{5}).size(), 15U);
  client->send(StoreTrim{key, Offset{18}, {}, Offset{0}, {{Offset{17}}, {Offset{18}}}});
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(sequences(Offset{18}), (std::vector<std::uint64_t>{19, 20}));
    EXPECT_EQ(client->open(key)->remembered.size(), 3U);
    EXPECT_EQ(rows_of_log(), 1);
    reopen();
  }
}

TEST_F(LogTableTest, ARowIsFoundAlsoWhenAllBeforeItWereNotedDownAndTrimmed) {
  tail_rows = 4;
  reopen();
  append(1, 4);
  client->send(StoreTrim{key, Offset{4}, {}, Offset{0}, {}});
  EXPECT_EQ(client->open(key)->floor, Offset{4});
  EXPECT_EQ(rows_of_log(), 0);
  reopen();
  append(5, 6);
  reopen();
  EXPECT_EQ(sequences(Offset{4}), (std::vector<std::uint64_t>{5, 6}));
  EXPECT_EQ(client->open(key)->top.offset, Offset{6});
}

TEST_F(LogTableTest, AReleasedStreamsRowsAreFoundInTheTail) {
  append(1, 3);
  const StreamPosition top = client->open(key)->top;
  client->send(StoreRelease{key});
  EXPECT_EQ(client->open(key)->top, top);
  now += 24h * 8;
  reopen();
  EXPECT_EQ(client->open(key)->top, top) << "it holds something";
  EXPECT_EQ(sequences(Offset{0}).size(), 3U);
}

TEST_F(LogTableTest, WhatNobodyHoldsGrowsOldInNotedRowsAndInTheTail) {
  tail_rows = 4;
  reopen();
  append(1, 6);
  const StreamPosition top = client->open(key)->top;
  history_age = 1h;
  now += 59min;
  append(7, 7);  // in the tail, and younger
  now += 59min;
  reopen();
  EXPECT_EQ(client->open(key)->floor, Offset{0}) << "the newest row is not old yet";
  now += 2min;
  reopen();
  EXPECT_EQ(client->open(key)->floor, Offset{7});
  EXPECT_EQ(client->open(key)->top, (StreamPosition{top.epoch, Offset{7}}));
  EXPECT_EQ(rows_of_log(), 0);
}

TEST_F(LogTableTest, ARowThatIsGoneIsAnErrorAndNoShorterHistory) {
  tail_rows = 4;
  reopen();
  append(1, 4);
  execute("DELETE FROM log WHERE offset = 4");
  const auto read = client->read(key, {client->open(key)->top.epoch, Offset{2}});
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message.find("damaged"), std::string::npos) << read.error().message;
}

}  // namespace
}  // namespace tidegate::store
