// The checkers of records and signals: each must see what it is there for.
#include <gtest/gtest.h>

#include "tests/sim/check/records_checker.h"
#include "tests/sim/check/signal_checker.h"
#include "tests/sim/scenarios/calm_options.h"

namespace tidegate::sim {
namespace {

SimOptions state_options() {
  SimOptions options = calm_options();
  options.workload.channels = 0;
  options.workload.state_channels = 1;
  return options;
}

/// k1 is set at 2, merged at 4, deleted at 6 and set again at 8; k2 is set at 10.
class RecordsCheckerTest : public ::testing::Test {
 protected:
  RecordsCheckerTest() : context(state_options(), false), directory(context.options) {
    oracle.stream_created({0, 0}, "e1");
    land(2, RecordAction::Set, "k1", {{"n", "n", "1"}});
    land(4, RecordAction::Merge, "k1", {{"a", "a", "2"}});
    land(6, RecordAction::Delete, "k1", {});
    land(8, RecordAction::Set, "k1", {{"n", "n", "3"}});
    land(10, RecordAction::Set, "k2", {{"n", "n", "4"}});
    view.who = "test";
    SubscriptionStarted started;
    started.outcome = SubscribeOutcome::Snapshot;
    started.reason = SnapshotReason::NoPosition;
    started.start = at(0);
    started.kind = ChannelKind::State;
    checker.started(view, started);
    EXPECT_FALSE(context.failed());
  }
  void land(std::uint64_t offset, RecordAction action, const std::string& key,
            RecordFields fields) {
    Intent intent;
    for (const RecordField& field : fields) {
      intent.payload += (intent.payload.empty() ? "{\"" : ",\"") + field.name + "\":" + field.value;
    }
    intent.payload += intent.payload.empty() ? "" : "}";
    intent.record.action = action;
    intent.record.key = key;
    intent.record.fields = std::move(fields);
    RecordFacts facts;
    facts.offset = offset;
    facts.payload = intent.payload;
    facts.is_record = true;
    facts.record_key = key;
    facts.records_max = 100;
    facts.intent = oracle.add_intent(std::move(intent));
    EXPECT_FALSE(oracle.record_landed({0, 0}, "e1", facts));
  }
  static StreamPosition at(std::uint64_t offset) { return {*Epoch::parse("e1"), Offset{offset}}; }
  void row(std::uint64_t version, const std::string& payload, std::uint64_t position) {
    checker.row(view, {"k1", version, payload.empty(), false, payload}, at(position), false);
  }
  void drained(std::uint64_t position) { checker.drained(view, at(position), {}); }

  SimContext context;
  SimDirectory directory;
  Oracle oracle;
  RecordsChecker checker{context, oracle};
  RecordsView view;
};

TEST_F(RecordsCheckerTest, AcceptsEveryVersionAndTheLatestAlone) {
  row(2, R"({"n":1})", 2);
  drained(2);
  row(4, R"({"n":1,"a":2})", 4);
  drained(4);
  row(8, R"({"n":3})", 8);
  drained(8);
  EXPECT_FALSE(context.failed());
}

TEST_F(RecordsCheckerTest, SeesARecordThatNeverWas) {
  row(4, R"({"a":2})", 4);
  EXPECT_TRUE(context.failed());
}

TEST_F(RecordsCheckerTest, SeesAVersionThatNeverWas) {
  row(5, R"({"n":1})", 5);
  EXPECT_TRUE(context.failed());
}

TEST_F(RecordsCheckerTest, SeesARecordThatGoesBack) {
  row(4, R"({"n":1,"a":2})", 4);
  row(2, R"({"n":1})", 4);
  EXPECT_TRUE(context.failed());
}

TEST_F(RecordsCheckerTest, SeesADeletedRecordThatComesBack) {
  row(6, "", 6);
  row(4, R"({"n":1,"a":2})", 6);
  EXPECT_TRUE(context.failed());
}

TEST_F(RecordsCheckerTest, SeesADeleteThatNeverCame) {
  row(4, R"({"n":1,"a":2})", 4);
  drained(4);
  drained(6);
  EXPECT_TRUE(context.failed());
}

TEST_F(RecordsCheckerTest, SeesARecordThatIsMissing) {
  row(8, R"({"n":3})", 8);
  drained(10);
  EXPECT_TRUE(context.failed());
}

TEST_F(RecordsCheckerTest, SeesARemovalOfWhatIsThere) {
  row(8, R"({"n":3})", 8);
  checker.removed(view, {"k1"});
  EXPECT_TRUE(context.failed());
}

TEST_F(RecordsCheckerTest, LooksThroughTheFilter) {
  view.sight.filter = 2;  // n from 50
  row(2, R"({"n":1})", 2);
  EXPECT_TRUE(context.failed());
}

TEST(RecordBookTest, JudgesConditionsCountsAndLimits) {
  RecordBook book;
  RecordIntent intent;
  intent.action = RecordAction::Set;
  intent.key = "k";
  intent.if_version = 0;
  EXPECT_TRUE(book.judge(intent, {1, 0, 1, 10, false, "1"}));
  EXPECT_FALSE(book.judge(intent, {2, 0, 1, 10, false, "2"})) << "it exists";
  intent.if_version = 1;
  intent.source = {"s", 5};
  EXPECT_TRUE(book.judge(intent, {3, 0, 1, 10, false, "3"}));
  intent.if_version.reset();
  EXPECT_FALSE(book.judge(intent, {4, 0, 1, 10, false, "4"})) << "the same count";
  intent.source.reset();
  intent.action = RecordAction::Merge;
  intent.fields = RecordFields{};
  EXPECT_FALSE(book.judge(intent, {5, 0, 1, 10, false, "{}"})) << "no object";
  intent.key = "other";
  EXPECT_FALSE(book.judge(intent, {6, 0, 1, 10, false, "{}"})) << "one too many";
  EXPECT_EQ(book.existing(), 1U);
}

TEST(RecordBookTest, ForgetsCountsWithTheOldestDeletes) {
  RecordBook book;
  std::uint64_t offset = 0;
  const auto judge = [&](const std::string& key, RecordAction action, std::uint64_t count) {
    RecordIntent intent;
    intent.action = action;
    intent.key = key;
    intent.source = {"s", count};
    return book.judge(intent, {++offset, 0, 10, 1, false, "1"});
  };
  EXPECT_TRUE(judge("a", RecordAction::Delete, 5));
  EXPECT_FALSE(judge("a", RecordAction::Set, 4));
  EXPECT_TRUE(judge("b", RecordAction::Delete, 1));
  EXPECT_TRUE(judge("a", RecordAction::Set, 4)) << "one delete is remembered";
  EXPECT_FALSE(judge("b", RecordAction::Set, 1));
}

TEST(SignalCheckerTest, SeesDisorderStrangersAndWhatWasShedWithoutNeed) {
  const auto run = [](const std::vector<std::pair<std::uint64_t, std::string>>& rows,
                      std::int64_t stamped_ms_off = 0) {
    SimContext context(calm_options(), false);
    Oracle oracle;
    for (const char* payload : {"1", "2"}) {
      Intent intent;
      intent.payload = payload;
      intent.made_at = context.queue.now();
      oracle.add_intent(std::move(intent));
    }
    SignalChecker checker(context, oracle);
    SignalView view;
    SubscriptionStarted started;
    started.outcome = SubscribeOutcome::Snapshot;
    started.start = {*Epoch::parse("e1"), Offset{0}};
    started.kind = ChannelKind::Signal;
    checker.started(view, started);
    checker.acknowledged(0, {*Epoch::parse("e1"), Offset{1}});
    checker.acknowledged(1, {*Epoch::parse("e1"), Offset{2}});
    const StreamPosition position{*Epoch::parse("e1"), Offset{2}};
    for (const auto& [offset, payload] : rows) {
      const std::int64_t time_ms = wall_ms(context.now().wall) + stamped_ms_off;
      checker.row(view, {offset, payload, false, "", "", time_ms}, position);
    }
    checker.drained(view, position);
    checker.check_shedding();
    return context.failed();
  };
  EXPECT_FALSE(run({{1, "1"}, {2, "2"}}));
  EXPECT_TRUE(run({{2, "2"}, {1, "1"}}));
  EXPECT_TRUE(run({{1, "1"}, {2, "1"}}));
  EXPECT_TRUE(run({{1, "1"}, {2, "3"}}));
  EXPECT_TRUE(run({{2, "2"}}));
  EXPECT_TRUE(run({{1, "1"}, {2, "2"}}, 1)) << "stamped in the future";
  EXPECT_TRUE(run({{1, "1"}, {2, "2"}}, -1)) << "stamped before it was made";
}

}  // namespace
}  // namespace tidegate::sim
