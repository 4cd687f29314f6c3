// A transaction that is rolled back leaves everything as it was: what is on the disk, and what is
// held in memory of streams and of the log's tail.
#include "edge/store/sqlite/committer.h"

#include <gtest/gtest.h>

#include "edge/store/record_codec.h"
#include "edge/store/sqlite/schema.h"
#include "tests/unit/edge/store/sqlite/store_client.h"
#include "tests/unit/edge/store/sqlite/test_disk.h"

namespace tidegate::store {
namespace {

using namespace test;
using relay::AppendUnknown;
using relay::StoreAppend;
using relay::StoreOpen;
using relay::StoreRead;
using relay::StoreRelease;
using relay::StoreTrim;

constexpr EffectId kId{1};

class CommitterTest : public testing::Test {
 protected:
  void SetUp() override { start(); }
  void start() {
    committer.reset();
    streams.reset();
    log.reset();
    database.reset();
    database = std::move(*Database::open({"history.db", disk.vfs(), 0}));
    ASSERT_TRUE(prepare_schema(*database).ok());
    log = std::move(*LogTable::load(*database, 4));
    const RememberedLimits remembered{std::chrono::minutes(10), 1000};
    streams = std::make_unique<StreamTable>(*database, *log, remembered, ++entropy);
    committer = std::make_unique<Committer>(*database, *streams);
  }
  /// All of them in one transaction.
  Committer::Answers turn(std::vector<StoreRequest> requests) {
    std::vector<WaitingRequest> waiting;
    for (StoreRequest& request : requests) waiting.emplace_back(std::move(request));
    return committer->carry_out(waiting, kNoon);
  }
  relay::StoreOpened open(const ChannelKeyPtr& of) {
    const auto answers = turn({StoreOpen{kId, of}});
    return std::get<Result<relay::StoreOpened>>(answers[0]->outcome).value();
  }
  std::vector<std::uint64_t> sequences(Offset after) {
    const StreamPosition from{open(key).top.epoch, after};
    const auto answers = turn({StoreRead{kId, key, from, 1000}});
    const auto& read = std::get<Result<relay::StoreReadResult>>(answers[0]->outcome);
    std::vector<std::uint64_t> found;
    if (!read.ok()) return found;
    for (const auto& one : read->records) found.push_back(one.record->id.sequence);
    return found;
  }
  StoreAppend append(std::uint64_t sequence, const Epoch& epoch) {
    return StoreAppend{kId, key, {epoch, Offset{sequence - 1}}, {record(sequence)}};
  }
  static bool durable(const std::optional<StoreAnswer>& answer) {
    return is_durable(std::get<relay::AppendResult>(answer->outcome));
  }
  bool settle() {
    return committer->transact([this] { streams->settle(); });
  }

  TestDisk disk;
  std::uint64_t entropy = 0;
  ChannelKeyPtr key = channel("a:b");
  std::unique_ptr<Database> database;
  std::unique_ptr<LogTable> log;
  std::unique_ptr<StreamTable> streams;
  std::unique_ptr<Committer> committer;
};

TEST_F(CommitterTest, RowsOfTheTailAreBackWhereTheyWere) {
  const Epoch epoch = open(key).top.epoch;
  for (std::uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(durable(turn({append(n, epoch)})[0]));
  ASSERT_TRUE(settle());
  for (std::uint64_t n = 4; n <= 6; ++n) ASSERT_TRUE(durable(turn({append(n, epoch)})[0]));
  disk.fail_syncs(1);
  const auto failed = turn({append(7, epoch), StoreTrim{key, Offset{5}, {}, Offset{0}, {}},
                            append(8, epoch), StoreTrim{key, Offset{8}, {}, Offset{0}, {}}});
  EXPECT_FALSE(durable(failed[0]));
  EXPECT_FALSE(durable(failed[2]));
  const std::vector<std::uint64_t> all{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(open(key).top.offset, Offset{6});
  EXPECT_EQ(sequences(Offset{0}), all);
  ASSERT_TRUE(durable(turn({append(7, epoch)})[0])) << "in the place of the one before";
  EXPECT_EQ(sequences(Offset{5}), (std::vector<std::uint64_t>{6, 7}));
  committer->retry_trims(kNoon);
  EXPECT_EQ(open(key).floor, Offset{7});
  start();
  EXPECT_EQ(open(key).top.offset, Offset{7});
}

TEST_F(CommitterTest, AStreamReleasedAndOpenedAgainStandsWhereItStood) {
  const Epoch epoch = open(key).top.epoch;
  const ChannelKeyPtr empty = channel("c:d");
  const Epoch other = open(empty).top.epoch;
  ASSERT_TRUE(durable(turn({append(1, epoch)})[0]));
  disk.fail_syncs(1);
  const auto failed = turn({append(2, epoch), StoreOpen{kId, key}, StoreRelease{empty},
                            StoreRelease{key}, StoreOpen{kId, key}, append(3, epoch),
                            StoreOpen{kId, empty}, StoreOpen{kId, channel("e:f")}});
  EXPECT_FALSE(durable(failed[0]));
  EXPECT_FALSE(durable(failed[5]));
  for (const std::size_t index : {1U, 4U}) {
    const auto& opened = std::get<Result<relay::StoreOpened>>(failed[index]->outcome);
    EXPECT_EQ(opened->top, (StreamPosition{epoch, Offset{1}})) << index;
  }
  EXPECT_EQ(open(key).top, (StreamPosition{epoch, Offset{1}}));
  EXPECT_EQ(open(empty).top.epoch, other);
  ASSERT_TRUE(durable(turn({append(2, epoch)})[0]));
  start();
  EXPECT_EQ(open(key).top, (StreamPosition{epoch, Offset{2}}));
  EXPECT_EQ(open(empty).top.epoch, other);
  EXPECT_EQ(sequences(Offset{0}), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(CommitterTest, WhatWasNotWrittenYetIsNotWrittenAfterItWasRolledBack) {
  const Bytes records = encode_log(std::vector{record(1)});
  ASSERT_TRUE(log->append(1, {Offset{0}, Offset{1}, records}, kNoon));
  log->rolled_back();
  EXPECT_FALSE(log->tail_end(1).has_value());
  ASSERT_TRUE(log->flush());
  start();
  EXPECT_FALSE(log->tail_end(1).has_value());
}

TEST_F(CommitterTest, ARowFollowsTheLastOneAlsoWhenThatIsGone) {
  const Epoch epoch = open(key).top.epoch;
  for (const auto& answer : turn({append(1, epoch), append(2, epoch)})) {
    ASSERT_TRUE(durable(answer));
  }
  const auto trimmed = turn({StoreTrim{key, Offset{2}, {}, Offset{0}, {}}, append(3, epoch)});
  ASSERT_TRUE(durable(trimmed[1])) << "of the tail";
  ASSERT_TRUE(settle());
  const auto noted = turn({append(4, epoch), StoreTrim{key, Offset{4}, {}, Offset{0}, {}},
                           append(5, epoch), append(6, epoch)});
  ASSERT_TRUE(durable(noted[2])) << "also of what was noted down";
  ASSERT_TRUE(settle());
  turn({StoreTrim{key, Offset{6}, {}, Offset{0}, {}}});
  ASSERT_TRUE(durable(turn({append(7, epoch)})[0])) << "where no row is left";
  EXPECT_EQ(sequences(Offset{6}), (std::vector<std::uint64_t>{7}));
  start();
  EXPECT_EQ(sequences(Offset{6}), (std::vector<std::uint64_t>{7}));
}

TEST_F(CommitterTest, WhatWasRolledBackIsNoCommitAndTheTroubleGoesOn) {
  const Epoch epoch = open(key).top.epoch;
  ASSERT_TRUE(durable(turn({append(1, epoch)})[0]));
  disk.limit(disk.bytes());
  EXPECT_FALSE(durable(turn({append(2, epoch)})[0]));
  const std::uint64_t commits = committer->counters().commits;
  EXPECT_EQ(sequences(Offset{0}), (std::vector<std::uint64_t>{1})) << "a turn that only reads";
  EXPECT_EQ(committer->counters().commits, commits);
  EXPECT_TRUE(committer->trouble().has_value());
  disk.limit(std::nullopt);
  EXPECT_TRUE(durable(turn({append(2, epoch)})[0]));
  EXPECT_FALSE(committer->trouble().has_value());
}

TEST_F(CommitterTest, ADiskWithRoomForNothingIsStillOpenedAndRead) {
  const Epoch epoch = open(key).top.epoch;
  ASSERT_TRUE(durable(turn({append(1, epoch)})[0]));
  committer.reset();
  streams.reset();
  log.reset();
  database.reset();
  disk.limit(disk.bytes());
  start();
  EXPECT_EQ(sequences(Offset{0}), (std::vector<std::uint64_t>{1}));
}

TEST_F(CommitterTest, ATailThatCouldNotBeNotedDownStaysAndIsTriedAgainLater) {
  const Epoch epoch = open(key).top.epoch;
  for (std::uint64_t n = 1; n <= 4; ++n) ASSERT_TRUE(durable(turn({append(n, epoch)})[0]));
  EXPECT_TRUE(log->settle_due());
  disk.fail_syncs(1);
  EXPECT_FALSE(settle());
  EXPECT_FALSE(log->settle_due()) << "not after every turn of a disk that is full";
  EXPECT_EQ(sequences(Offset{0}), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  ASSERT_TRUE(durable(turn({append(5, epoch)})[0]));
  EXPECT_TRUE(log->settle_due());
  EXPECT_TRUE(settle());
  EXPECT_FALSE(log->settle_due());
  EXPECT_EQ(sequences(Offset{0}), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  start();
  EXPECT_EQ(sequences(Offset{0}), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace tidegate::store
