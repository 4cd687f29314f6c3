// The rules of a state channel's reader, one by one, as an application sees them through a session.
#include "core/client/record_reader.h"

#include <gtest/gtest.h>

#include "core/merge/record_digest.h"
#include "tests/unit/core/client/state_channel.h"

namespace tidegate::testing {
namespace {

using Keys = std::vector<std::string>;

class RecordReaderTest : public ::testing::Test {
 protected:
  RecordReaderTest() {
    shell.go_live();
    orders = shell.subscribe("orders");
  }

  void answer(SnapshotReason reason, StreamPosition start, std::uint64_t target, CatchUp catch_up,
              std::uint32_t stream = 5) {
    shell.receive(
        RelayMessage().add(state_answer(shell.latest_subscribe("orders"), stream, "orders", reason,
                                        std::move(start), target, catch_up)));
  }
  void block(std::uint64_t previous, std::uint64_t offset, const std::vector<StateRow>& rows,
             const Page& page = {}, std::uint32_t stream = 5) {
    shell.receive_on(shell.connection, state_block(stream, previous, offset, rows, page));
  }
  /// The channel is at `top`, with these records, which come in one sweep.
  void begin(std::uint64_t top, const std::vector<StateRow>& rows) {
    answer(SnapshotReason::NoPosition, at("e", 0), top, CatchUp::Records);
    block(0, top, rows, {kSweep});
    shell.forget();
  }
  /// What the session holds, as "key=payload@version".
  Keys held() const {
    Keys all;
    std::string last;
    for (auto record = shell.session.next_record(orders, last); record;
         record = shell.session.next_record(orders, last)) {
      last = std::string(record->key);
      all.push_back(last + "=" + std::string(as_text(record->payload)) + "@" +
                    std::to_string(record->version.value));
    }
    return all;
  }
  /// What was delivered since the last forget(), as "key=payload"; a dash for a delete.
  Keys delivered() const {
    Keys all;
    for (const TestRow& row : shell.rows) {
      all.push_back(row.key + (row.operation == Operation::Delete ? "-" : "=" + row.payload));
    }
    return all;
  }
  Keys removed() const {
    Keys all;
    for (const RecordsRemoved& event : shell.events_of<RecordsRemoved>()) {
      all.insert(all.end(), event.keys.begin(), event.keys.end());
    }
    return all;
  }
  std::uint64_t digest() const {
    std::uint64_t sum = 0;
    std::string last;
    for (auto record = shell.session.next_record(orders, last); record;
         record = shell.session.next_record(orders, last)) {
      last = std::string(record->key);
      sum += record_digest(record->key, record->payload_kind, record->payload);
    }
    return sum;
  }
  const ClientStats& stats() const { return shell.session.stats(); }
  std::optional<StreamPosition> asked_from() const {
    return shell.frames<SubscribeFrame>().back().since;
  }

  ClientShell shell;
  SubscriptionId orders = SubscriptionId::None;
};

TEST_F(RecordReaderTest, ASweepFillsTheRecordsAndThenItIsLive) {
  answer(SnapshotReason::NoPosition, at("e", 0), 9, CatchUp::Records);
  EXPECT_EQ(shell.events_of<SubscriptionStarted>().back().kind, ChannelKind::State);
  block(0, 9, {set(3, "a", R"({"n":1})")}, {kSweep, "", "b", true});
  EXPECT_EQ(shell.session.position(orders), at("e", 0)) << "the position moves with the last page";
  EXPECT_TRUE(shell.events_of<SubscriptionLive>().empty());
  block(0, 9, {set(9, "c", R"({"n":2})")}, {kSweep, "b", ""});
  EXPECT_EQ(shell.session.position(orders), at("e", 9));
  EXPECT_EQ(shell.events_of<SubscriptionLive>().size(), 1U);
  EXPECT_EQ(held(), (Keys{R"(a={"n":1}@3)", R"(c={"n":2}@9)"}));
  EXPECT_EQ(delivered(), (Keys{R"(a={"n":1})", R"(c={"n":2})"}));
  EXPECT_EQ(shell.session.record_count(orders), 2U);
}

TEST_F(RecordReaderTest, AnOlderOrEqualVersionIsIgnored) {
  begin(9, {set(9, "a", R"({"n":9})")});
  block(9, 12, {set(5, "a", R"({"n":5})"), set(11, "b", "{}")}, {kChanges});
  block(12, 13, {set(9, "a", R"({"n":0})")}, {kChanges});
  EXPECT_EQ(held(), (Keys{R"(a={"n":9}@9)", "b={}@11"}));
  EXPECT_EQ(delivered(), (Keys{"b={}"}));
  EXPECT_EQ(stats().duplicates_dropped, 2U);
}

TEST_F(RecordReaderTest, AReplayGivesOnlyWhatIsBeyondThePosition) {
  begin(9, {});
  block(5, 12, {set(6, "a", "{}"), erase(8, "a"), set(12, "b", "{}")});
  EXPECT_EQ(delivered(), (Keys{"b={}"})) << "what came and went before is not shown again";
}

TEST_F(RecordReaderTest, ADeleteBeyondThePositionIsRememberedUntilItIsPassed) {
  begin(9, {set(3, "a", "{}")});
  block(9, 20, {erase(15, "a")}, {kChanges, "", "", true});  // a page of a pass that never ends
  EXPECT_EQ(held(), Keys());
  block(9, 12, {set(12, "a", R"({"old":1})")});
  EXPECT_EQ(held(), Keys()) << "older than the delete";
  block(12, 20, {erase(15, "a"), set(17, "a", R"({"new":1})")});
  EXPECT_EQ(held(), (Keys{R"(a={"new":1}@17)"}));
}

TEST_F(RecordReaderTest, AMergeIsDeliveredAsTheWholeRecordOnceForEachBlock) {
  begin(9, {set(3, "a", R"({"x":1,"y":2})"), set(4, "b", "{}")});
  block(9, 15,
        {merge(10, "a", R"({"set":{"x":7}})"), set(11, "b", R"({"b":1})"), erase(12, "b"),
         merge(13, "a", R"({"unset":["y"]})"), set(14, "c", "\x01\x02"),
         merge(15, "new", R"({"set":{"k":null}})")});
  EXPECT_EQ(delivered(), (Keys{"b-", R"(a={"x":7})", "c=\x01\x02", R"(new={"k":null})"}));
  EXPECT_EQ(shell.rows[1].operation, Operation::Merge);
  EXPECT_EQ(shell.rows[1].offset, 13U);
  const RowsDelivered event = shell.events_of<RowsDelivered>().back();
  EXPECT_EQ(event.source, 1U);
  const ByteView source = shell.session.source_bytes(1);
  EXPECT_EQ(as_text(source.subspan(event.json_at, event.json_bytes)),
            R"([null,{"x":7},null,{"k":null}])")
      << "a column with an element for every row, as blocks have it";
}

TEST_F(RecordReaderTest, SeveralBlocksWithMergesInOneMessageHaveSourcesOfTheirOwn) {
  begin(9, {});
  Bytes message = state_block(5, 9, 10, {merge(10, "a", R"({"set":{"x":1}})")});
  const Bytes second = state_block(5, 10, 12, {merge(12, "a", R"({"set":{"y":2}})")});
  message.insert(message.end(), second.begin(), second.end());
  shell.receive_on(shell.connection, message);
  EXPECT_EQ(delivered(), (Keys{R"(a={"x":1})", R"(a={"x":1,"y":2})"}));
}

TEST_F(RecordReaderTest, ASweepRemovesWhatIsGoneAndKeepsWhatIsNewer) {
  begin(9, {set(3, "a", "{}"), set(4, "b", "{}"), set(5, "c", "{}")});
  block(9, 12, {set(11, "b", R"({"n":1})")}, {kChanges, "", "", true});
  shell.forget();
  block(9, 10, {set(5, "c", "{}")}, {kSweep});  // as of before b was set
  EXPECT_EQ(held(), (Keys{R"(b={"n":1}@11)", "c={}@5"}));
  EXPECT_EQ(removed(), (Keys{"a"}));
  EXPECT_TRUE(shell.rows.empty()) << "c is what it was";
}

// The page was read at 14, when b and c had been deleted; the position is 9.
TEST_F(RecordReaderTest, AMergeOfBeforeADeleteThatASweepKnewBeginsNoRecord) {
  answer(SnapshotReason::NoPosition, at("e", 0), 9, CatchUp::Records);
  block(0, 9, {set(3, "a", "{}")}, {kSweep, "", "", false, {}, 14});
  const std::vector<StateRow> replayed = {set(10, "c", "{}"), merge(12, "b", R"({"set":{"x":1}})")};
  block(9, 12, replayed, {kReplay, "", "", false, digest() + 1});
  EXPECT_EQ(held(), (Keys{"a={}@3"}));
  EXPECT_EQ(stats().digests_compared, 0U) << "what is held is of 14, or of 12: nobody knows";
  shell.reconnect();
  EXPECT_EQ(asked_from(), at("e", 12));
  answer(SnapshotReason::None, at("e", 12), 16, CatchUp::Replay);
  block(12, 14, {erase(13, "b"), erase(14, "c")});
  block(14, 16, {merge(16, "b", R"({"set":{"y":1}})")}, {kReplay, "", "", false, digest() + 1});
  EXPECT_EQ(held(), (Keys{"a={}@3", R"(b={"y":1}@16)"}));
  EXPECT_EQ(stats().digests_compared, 1U);
}

TEST_F(RecordReaderTest, AnInterruptedPassIsAskedForAgainFromTheFirstRecord) {
  answer(SnapshotReason::NoPosition, at("e", 0), 9, CatchUp::Records);
  block(0, 9, {set(3, "a", "{}"), set(4, "b", "{}")}, {kSweep, "", "k", true});
  shell.reconnect();
  EXPECT_EQ(asked_from(), std::nullopt) << "not all records are held";
  answer(SnapshotReason::NoPosition, at("e", 0), 12, CatchUp::Records);
  EXPECT_EQ(held().size(), 2U);
  shell.forget();
  block(0, 12, {set(3, "a", "{}"), set(12, "z", "{}")}, {kSweep});
  EXPECT_EQ(held(), (Keys{"a={}@3", "z={}@12"}));
  EXPECT_EQ(delivered(), (Keys{"z={}"})) << "what is held is not told again";
  EXPECT_EQ(removed(), (Keys{"b"}));
  shell.reconnect();
  EXPECT_EQ(asked_from(), at("e", 12));
}

TEST_F(RecordReaderTest, APassOverChangesThatIsInterruptedResumesFromThePosition) {
  begin(9, {set(3, "a", "{}")});
  block(9, 20, {set(18, "b", "{}")}, {kChanges, "", "", true});
  shell.reconnect();
  EXPECT_EQ(asked_from(), at("e", 9)) << "whole, with some records ahead";
  answer(SnapshotReason::None, at("e", 9), 20, CatchUp::Replay);
  block(9, 20, {set(10, "b", R"({"old":1})"), merge(18, "b", "{}"), set(19, "a", R"({"n":1})")});
  EXPECT_EQ(held(), (Keys{R"(a={"n":1}@19)", "b={}@18"}));
}

TEST_F(RecordReaderTest, AnotherEpochReplacesWithoutEmptying) {
  begin(900, {set(3, "a", R"({"n":1})"), set(800, "b", R"({"n":2})")});
  shell.reconnect();
  answer(SnapshotReason::EpochChanged, at("f", 0), 2, CatchUp::Records);
  EXPECT_EQ(held(), (Keys{R"(a={"n":1}@0)", R"(b={"n":2}@0)"})) << "still to be seen";
  EXPECT_TRUE(removed().empty());
  block(0, 2, {set(1, "b", R"({"n":3})")}, {kSweep, "", "b", true});
  EXPECT_EQ(held(), (Keys{R"(b={"n":3}@1)"}));
  EXPECT_EQ(removed(), (Keys{"a"}));
  block(0, 2, {set(2, "c", "{}")}, {kSweep, "b", ""});
  EXPECT_EQ(shell.session.position(orders), at("f", 2));
}

TEST_F(RecordReaderTest, AnEpochThatChangesDuringAPassIsNoticedWithoutAPosition) {
  begin(900, {set(800, "a", "{}")});
  shell.reconnect();
  answer(SnapshotReason::EpochChanged, at("f", 0), 5, CatchUp::Records);
  block(0, 5, {set(5, "k", "{}")}, {kSweep, "b", "", true});
  shell.reconnect();
  answer(SnapshotReason::NoPosition, at("g", 0), 1, CatchUp::Records);
  block(0, 1, {set(1, "k", R"({"n":1})")}, {kSweep});
  EXPECT_EQ(held(), (Keys{R"(k={"n":1}@1)"})) << "version 1 of g is above version 5 of f";
}

TEST_F(RecordReaderTest, AnEmptyStreamEmptiesTheRecords) {
  begin(9, {set(3, "a", "{}"), set(4, "b", "{}")});
  shell.reconnect();
  answer(SnapshotReason::EpochChanged, at("f", 0), 0, CatchUp::None);
  EXPECT_EQ(removed(), (Keys{"a", "b"}));
  EXPECT_EQ(held(), Keys());
  EXPECT_EQ(shell.events_of<SubscriptionLive>().size(), 1U);
}

TEST_F(RecordReaderTest, APositionFromElsewhereBringsNoRecordsAndIsNotResumedFrom) {
  SubscribeOptions options;
  options.since = at("e", 7);
  orders = shell.subscribe("stored", options);
  EXPECT_EQ(asked_from(), at("e", 7));
  shell.receive(
      RelayMessage().add(state_answer(shell.latest_subscribe("stored"), 8, "stored",
                                      SnapshotReason::None, at("e", 7), 9, CatchUp::Changes)));
  EXPECT_EQ(asked_from(), std::nullopt);
  shell.receive(RelayMessage().add(state_answer(shell.latest_subscribe("stored"), 8, "stored",
                                                SnapshotReason::NoPosition, at("e", 0), 9,
                                                CatchUp::Records)));
  block(0, 9, {set(3, "a", "{}")}, {kSweep}, 8);
  EXPECT_EQ(held(), (Keys{"a={}@3"}));
}

TEST_F(RecordReaderTest, ARecoveryWithoutAPositionIsAProtocolError) {
  answer(SnapshotReason::NoPosition, at("e", 0), 9, CatchUp::Records);
  shell.reconnect();
  answer(SnapshotReason::None, at("e", 0), 9, CatchUp::Changes);
  EXPECT_NE(shell.session.state(), ClientState::Live);
}

// ---- digests

TEST_F(RecordReaderTest, AnEqualDigestIsCountedAndSilent) {
  begin(9, {set(3, "a", R"({"x":1})")});
  block(9, 12, {set(12, "b", "{}")}, {kReplay, "", "", false, 0});
  EXPECT_EQ(stats().digest_mismatches, 1U) << "0 is a digest like any other";
  shell.forget();
  shell.advance(20s);
  answer(SnapshotReason::NoPosition, at("e", 0), 12, CatchUp::Records);
  block(0, 12, {set(3, "a", R"({"x":1})"), set(12, "b", "{}")}, {kSweep});
  block(12, 12, {}, {kReplay, "", "", false, digest()});
  EXPECT_EQ(stats().digests_compared, 2U) << "a cover at the very position may carry one";
  EXPECT_EQ(stats().digest_mismatches, 1U);
  EXPECT_TRUE(shell.session.position(orders) == at("e", 12));
}

TEST_F(RecordReaderTest, ADigestIsNotComparedWithRecordsAheadOfIt) {
  begin(9, {set(3, "a", "{}")});
  block(9, 20, {set(18, "b", "{}")}, {kChanges, "", "", true, 1});
  block(9, 12, {}, {kReplay, "", "", false, 1});
  EXPECT_EQ(stats().digests_compared, 0U);
  block(12, 18, {}, {kReplay, "", "", false, digest()});
  EXPECT_EQ(stats().digests_compared, 1U);
  EXPECT_EQ(stats().digest_mismatches, 0U);
}

TEST_F(RecordReaderTest, AMismatchIsRepairedByASweepAndTouchesOnlyWhatDiffers) {
  begin(9, {set(3, "a", R"({"x":1})"), set(4, "b", R"({"x":2})"), set(5, "ghost", "{}")});
  block(9, 10, {}, {kReplay, "", "", false, digest() + 1});
  EXPECT_EQ(stats().digest_mismatches, 1U);
  shell.advance(limits::gap_resubscribe_interval_min);
  EXPECT_EQ(asked_from(), std::nullopt);
  EXPECT_EQ(held().size(), 3U) << "nothing flickers";
  answer(SnapshotReason::NoPosition, at("e", 0), 10, CatchUp::Records);
  shell.forget();
  block(0, 10, {set(3, "a", R"({"x":1})"), set(4, "b", R"({"x":7})")}, {kSweep});
  EXPECT_EQ(held(), (Keys{R"(a={"x":1}@3)", R"(b={"x":7}@4)"}));
  EXPECT_EQ(delivered(), (Keys{R"(b={"x":7})"}));
  EXPECT_EQ(removed(), (Keys{"ghost"}));
  EXPECT_EQ(stats().records_repaired, 2U);
  block(10, 11, {}, {kReplay, "", "", false, digest()});
  EXPECT_EQ(stats().digest_mismatches, 1U);
}

TEST_F(RecordReaderTest, RepairsAreSpacedAndOutsideOfThemEqualVersionsAreEqual) {
  begin(9, {set(3, "a", R"({"x":1})")});
  block(9, 10, {}, {kReplay, "", "", false, 77});
  shell.advance(limits::gap_resubscribe_interval_min);
  answer(SnapshotReason::NoPosition, at("e", 0), 10, CatchUp::Records);
  block(0, 10, {set(3, "a", R"({"x":1})")}, {kSweep});
  shell.forget();
  block(10, 11, {set(3, "a", R"({"x":5})")}, {kSweep, "", "", false, 77});
  EXPECT_EQ(held(), (Keys{R"(a={"x":1}@3)"}));
  EXPECT_EQ(stats().digest_mismatches, 2U);
  shell.advance(limits::gap_resubscribe_interval_min);
  EXPECT_TRUE(shell.frames<SubscribeFrame>().empty()) << "within repair_interval_min";
  shell.advance(limits::repair_interval_min);
  block(11, 12, {}, {kReplay, "", "", false, 77});
  EXPECT_EQ(shell.frames<SubscribeFrame>().size(), 1U);
}

// ---- limits and sharing

TEST_F(RecordReaderTest, OverTheNumberOfRecordsTheSubscriptionEndsAndFreesThem) {
  answer(SnapshotReason::NoPosition, at("e", 0), 9, CatchUp::Records);
  std::uint64_t next = 0;
  std::string after;
  while (next <= limits::client_records_max && shell.events_of<SubscriptionEnded>().empty()) {
    std::vector<StateRow> rows;
    for (int i = 0; i < 4'000; ++i) {
      std::string key = std::to_string(1'000'000 + next++);
      rows.push_back(set(1, std::move(key), "{}"));
    }
    const std::string until = rows.back().key;
    block(0, 9, rows, {kSweep, after, until, true});
    after = until;
  }
  const auto ended = shell.events_of<SubscriptionEnded>();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].error.code, ErrorCode::LimitExceeded);
  EXPECT_NE(ended[0].error.message.find("client_records_max"), std::string::npos);
  EXPECT_EQ(shell.session.record_count(orders), 0U);
  EXPECT_EQ(shell.frames<UnsubscribeFrame>().size(), 1U) << "the relay is told";
  orders = shell.subscribe("orders");
  begin(9, {set(3, "a", "{}")});
  EXPECT_EQ(held().size(), 1U) << "there is room again";
}

TEST(RecordLimitsTest, EachLimitIsNamed) {
  EXPECT_FALSE(
      RecordReader::excess({limits::client_records_max, limits::client_records_bytes_max}));
  const auto count = RecordReader::excess({limits::client_records_max + 1, 0});
  const auto bytes = RecordReader::excess({0, limits::client_records_bytes_max + 1});
  ASSERT_TRUE(count && bytes);
  EXPECT_EQ(bytes->code, ErrorCode::LimitExceeded);
  EXPECT_NE(count->message.find("client_records_max"), std::string::npos);
  EXPECT_NE(bytes->message.find("client_records_bytes_max"), std::string::npos);
}

TEST_F(RecordReaderTest, OverWhatMergesMayCopyTheSubscriptionEnds) {
  begin(9, {});
  const std::string large = R"({"x":")" + std::string(60'000, 'x') + "\"}";
  std::uint64_t top = 9;
  const std::uint64_t count = limits::merged_records_bytes_max / large.size() + 1;
  for (std::uint64_t i = 0; i < count; ++i, ++top) {
    block(top, top + 1, {set(top + 1, "k" + std::to_string(top), large)});
  }
  std::vector<StateRow> merges;
  for (std::uint64_t i = 0; i < count; ++i) {
    merges.push_back(merge(top + i + 1, "k" + std::to_string(9 + i), R"({"set":{"y":1}})"));
  }
  shell.forget();
  block(top, top + count, merges);
  const auto ended = shell.events_of<SubscriptionEnded>();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_NE(ended[0].error.message.find("merged_records_bytes_max"), std::string::npos);
}

TEST_F(RecordReaderTest, WhoComesWhileItLingersFindsTheRecords) {
  begin(9, {set(3, "a", "{}")});
  shell.unsubscribe(orders);
  EXPECT_EQ(shell.subscribe("orders"), orders);
  EXPECT_EQ(held().size(), 1U);
  EXPECT_TRUE(shell.frames<SubscribeFrame>().empty());
}

TEST_F(RecordReaderTest, AChannelThatBecomesALogGivesItsRecordsUp) {
  begin(9, {set(3, "a", "{}")});
  shell.reconnect();
  shell.answer_live("orders", 5, at("f", 4));
  EXPECT_EQ(removed(), (Keys{"a"}));
  shell.receive(RelayMessage().block(5, 4, 6, {5, 6}));
  EXPECT_EQ(shell.offsets(), (std::vector<std::uint64_t>{5, 6})) << "read as a log";
}

TEST_F(RecordReaderTest, RowsThatAreNoneOfAStateChannelAreDropped) {
  begin(9, {});
  block(9, 11, {{10, "", Operation::Append, "{}"}, {11, "", Operation::Set, "{}"}});
  EXPECT_TRUE(shell.rows.empty());
  EXPECT_EQ(shell.session.position(orders), at("e", 11));
}

}  // namespace
}  // namespace tidegate::testing
