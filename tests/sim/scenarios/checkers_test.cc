// The checkers themselves: each must see what it is there for. And the simulator's own promise: one
// seed is one run.
#include <gtest/gtest.h>

#include "core/protocol/block_writer.h"
#include "core/protocol/frame_encoder.h"
#include "tests/sim/check/signal_age_checker.h"
#include "tests/sim/check/wire_peek.h"
#include "tests/sim/scenarios/calm_options.h"
#include "tests/sim/sim_world.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

RecordFacts facts_of(std::uint64_t offset, const std::string& key,
                     std::optional<std::string> if_epoch, const std::string& payload) {
  RecordFacts facts;
  facts.offset = offset;
  facts.producer = "p";
  facts.key = key;
  facts.if_epoch = std::move(if_epoch);
  facts.payload = payload;
  return facts;
}

class DeliveryCheckerTest : public ::testing::Test {
 protected:
  DeliveryCheckerTest() : context(calm_options(), false), directory(context.options) {
    oracle.stream_created({0, 0}, "e1");
    for (std::uint64_t i = 1; i <= 5; ++i) {
      Intent intent;
      intent.channel = {0, 0};
      intent.payload = std::to_string(i);
      oracle.add_intent(intent);
      EXPECT_FALSE(oracle.record_landed({0, 0}, "e1", facts_of(i * 2, "", {}, intent.payload)));
    }
    view.who = "test";
    view.epoch = "e1";
  }
  void row(std::uint64_t offset, const std::string& payload, std::uint64_t position) {
    SeenRow seen;
    seen.offset = offset;
    seen.payload = payload;
    checker.row(view, seen, StreamPosition{*Epoch::parse("e1"), Offset{position}});
  }

  SimContext context;
  SimDirectory directory;
  Oracle oracle;
  DeliveryChecker checker{context, oracle, directory};
  ChannelView view;
};

TEST_F(DeliveryCheckerTest, AcceptsTheExactSequence) {
  for (std::uint64_t i = 1; i <= 5; ++i) row(i * 2, std::to_string(i), i * 2);
  checker.drained(view, StreamPosition{*Epoch::parse("e1"), Offset{10}});
  EXPECT_FALSE(context.failed());
}

TEST_F(DeliveryCheckerTest, SeesAGap) {
  row(2, "1", 2);
  row(6, "3", 6);
  EXPECT_TRUE(context.failed());
}

TEST_F(DeliveryCheckerTest, SeesADuplicate) {
  row(2, "1", 2);
  row(2, "1", 2);
  EXPECT_TRUE(context.failed());
}

TEST_F(DeliveryCheckerTest, SeesAnotherPayload) {
  row(2, "2", 2);
  EXPECT_TRUE(context.failed());
}

TEST_F(DeliveryCheckerTest, SeesAPositionThatHasNotMoved) {
  row(2, "1", 1);
  EXPECT_TRUE(context.failed());
}

TEST_F(DeliveryCheckerTest, SeesAPositionThatHasPassedARow) {
  row(2, "1", 2);
  checker.drained(view, StreamPosition{*Epoch::parse("e1"), Offset{4}});
  EXPECT_TRUE(context.failed());
}

TEST_F(DeliveryCheckerTest, SeesARowThatWasNeverAccepted) {
  for (std::uint64_t i = 1; i <= 5; ++i) row(i * 2, std::to_string(i), i * 2);
  row(12, "6", 12);
  EXPECT_TRUE(context.failed());
}

TEST_F(DeliveryCheckerTest, SeesARecoveryIntoAnotherEpoch) {
  checker.started(view, {SubscriptionId{1}, SubscribeOutcome::Recovered, SnapshotReason::None,
                         StreamPosition{*Epoch::parse("e2"), Offset{0}}});
  EXPECT_TRUE(context.failed());
}

TEST_F(DeliveryCheckerTest, SeesANeedlessSnapshot) {
  row(2, "1", 2);
  checker.started(view,
                  {SubscriptionId{1}, SubscribeOutcome::Snapshot, SnapshotReason::HistoryExceeded,
                   StreamPosition{*Epoch::parse("e1"), Offset{4}}});
  EXPECT_TRUE(context.failed());
}

TEST(OracleTest, JudgesRepetitionsAndOtherEpochs) {
  Oracle oracle;
  oracle.stream_created({0, 0}, "e1");
  for (const char* payload : {"1", "2", "3"}) {
    Intent intent;
    intent.payload = payload;
    oracle.add_intent(intent);
  }
  EXPECT_FALSE(oracle.record_landed({0, 0}, "e1", facts_of(1, "k", {}, "1")));
  EXPECT_FALSE(oracle.record_landed({0, 0}, "e1", facts_of(2, "k", {}, "1")));
  EXPECT_FALSE(oracle.record_landed({0, 0}, "e1", facts_of(3, "k", {}, "2")));
  EXPECT_FALSE(oracle.record_landed({0, 0}, "e1", facts_of(4, "k3", "e0", "3")));
  EXPECT_EQ(oracle.find({0, 0}, "e1")->accepted.size(), 1U);
  EXPECT_TRUE(oracle.record_landed({0, 0}, "e1", facts_of(4, "k4", {}, "3"))) << "offset twice";
  EXPECT_TRUE(oracle.record_landed({0, 0}, "e1", facts_of(5, "k5", {}, "9"))) << "nobody's";
}

TEST(OracleTest, ForgetsKeysBeyondTheWindow) {
  Oracle oracle;
  oracle.stream_created({0, 0}, "e1");
  Intent intent;
  intent.payload = "1";
  oracle.add_intent(intent);
  const auto land = [&](std::uint64_t offset, std::int64_t time_ms) {
    RecordFacts facts = facts_of(offset, "k", {}, "1");
    facts.time_ms = time_ms;
    facts.window_ms = 5000;
    EXPECT_FALSE(oracle.record_landed({0, 0}, "e1", facts));
    return oracle.find({0, 0}, "e1")->accepted.back().offset;
  };
  EXPECT_EQ(land(1, 0), 1U);
  EXPECT_EQ(land(2, 5000), 1U) << "the window reaches there";
  EXPECT_EQ(land(3, 5001), 3U);
  EXPECT_EQ(land(4, 10'001), 3U) << "counted from what was accepted last";
  EXPECT_TRUE(oracle.was_accepted_at({0, 0}, "e1", 0, 1));
  EXPECT_FALSE(oracle.was_accepted_at({0, 0}, "e1", 0, 2));
  EXPECT_EQ(oracle.accepted_at({0, 0}, "e1", 0), 3U);
}

TEST(OracleTest, WhatWasRefusedUnderItsKeyStaysRefused) {
  Oracle oracle;
  oracle.stream_created({0, 0}, "e1");
  const auto add = [&](RecordAction action, const std::string& payload) {
    Intent intent;
    intent.payload = payload;
    intent.record.action = action;
    intent.record.key = "r";
    if (action == RecordAction::Merge || payload == "{}") intent.record.fields = RecordFields{};
    return oracle.add_intent(intent);
  };
  const std::uint64_t scalar = add(RecordAction::Set, "7");
  const std::uint64_t object = add(RecordAction::Set, "{}");
  const std::uint64_t merge = add(RecordAction::Merge, R"({"set":{}})");
  const auto land = [&](std::uint64_t offset, std::uint64_t intent, const std::string& key,
                        std::int64_t time_ms) {
    RecordFacts facts = facts_of(offset, key, {}, oracle.intent(intent).payload);
    facts.is_record = true;
    facts.intent = intent;
    facts.record_key = "r";
    facts.records_max = facts.deletes_max = 10;
    facts.time_ms = time_ms;
    facts.window_ms = 5000;
    EXPECT_FALSE(oracle.record_landed({0, 0}, "e1", facts));
    return oracle.accepted_at({0, 0}, "e1", intent) == offset;
  };
  EXPECT_TRUE(land(1, scalar, "", 0));
  EXPECT_FALSE(land(2, merge, "k", 0));
  EXPECT_TRUE(land(3, object, "", 0));
  EXPECT_FALSE(land(4, merge, "k", 5000));
  EXPECT_TRUE(land(5, merge, "k", 5001)) << "beyond the window it is judged anew";
}

TEST(OracleTest, JudgesWhatPublishersOfALogCount) {
  Oracle oracle;
  oracle.stream_created({0, 0}, "e1");
  const auto land = [&](std::uint64_t offset, std::optional<SourceCount> source) {
    Intent intent;
    intent.payload = std::to_string(offset);
    intent.record.source = source;
    oracle.add_intent(intent);
    RecordFacts facts = facts_of(offset, "", {}, intent.payload);
    facts.source = source;
    EXPECT_FALSE(oracle.record_landed({0, 0}, "e1", facts));
    return oracle.find({0, 0}, "e1")->accepted.back().offset == offset;
  };
  EXPECT_TRUE(land(1, SourceCount{"a", 5}));
  EXPECT_FALSE(land(2, SourceCount{"a", 5}));
  EXPECT_TRUE(land(3, std::nullopt)) << "which leaves the count as it is";
  EXPECT_FALSE(land(4, SourceCount{"a", 4}));
  EXPECT_TRUE(land(5, SourceCount{"b", 1}));
  EXPECT_TRUE(land(6, SourceCount{"a", 1})) << "the latest source alone is remembered";
  RecordFacts other = facts_of(7, "", {}, "1");
  EXPECT_TRUE(oracle.record_landed({0, 0}, "e1", other)) << "without the count it was given";
}

class RepetitionCheckerTest : public ::testing::Test {
 protected:
  static SimOptions options_with_window() {
    SimOptions options = calm_options();
    options.workload.idempotency_age = 5s;
    return options;
  }
  RepetitionCheckerTest() : context(options_with_window(), false), directory(context.options) {
    Intent intent;
    intent.key = "k";
    intent.made_at = context.queue.now();
    oracle.add_intent(intent);
  }
  void answered(PublishOutcome outcome, std::uint64_t offset) {
    checker.answered(0, outcome, {*Epoch::parse("e1"), Offset{offset}}, context.queue.now());
  }

  SimContext context;
  SimDirectory directory;
  Oracle oracle;
  RepetitionChecker checker{context, oracle, directory};
};

TEST_F(RepetitionCheckerTest, SeesAnotherAnswerWithinTheWindow) {
  answered(PublishOutcome::Applied, 1);
  context.queue.advance_to(context.queue.now() + 4900ms);
  answered(PublishOutcome::Duplicate, 1);
  EXPECT_FALSE(context.failed());
  EXPECT_EQ(checker.replayed(), 1U);
  answered(PublishOutcome::Duplicate, 2);
  EXPECT_TRUE(context.failed());
}

TEST_F(RepetitionCheckerTest, TakesAnotherAnswerBeyondTheWindowAndHoldsToThat) {
  answered(PublishOutcome::Applied, 1);
  context.queue.advance_to(context.queue.now() + 5100ms);
  answered(PublishOutcome::Applied, 2);
  context.queue.advance_to(context.queue.now() + 4900ms);
  answered(PublishOutcome::Duplicate, 2);
  EXPECT_FALSE(context.failed());
  answered(PublishOutcome::Applied, 3);
  EXPECT_TRUE(context.failed());
}

class SignalAgeCheckerTest : public ::testing::Test {
 protected:
  static SimOptions options_with_mailboxes() {
    SimOptions options = calm_options();
    options.relay.mailbox_delay_max = 100ms;
    return options;
  }
  /// Signals of such ages go to a client, in one block.
  void write(const std::vector<std::chrono::milliseconds>& ages,
             ChannelKind kind = ChannelKind::Signal) {
    SubscribedFrame subscribed;
    subscribed.stream = StreamId{1};
    subscribed.start.epoch = *Epoch::parse("e1");
    subscribed.channel = must_parse_channel("signal:0");
    subscribed.kind = kind;
    Bytes message;
    encode(subscribed, message);
    BlockWriter writer(StreamId{1}, {Offset{0}, Offset{ages.size()}});
    for (std::size_t i = 0; i < ages.size(); ++i) {
      Publication signal;
      signal.time = context.now().wall - ages[i];
      signal.payload = {'1'};
      writer.add(Offset{i + 1}, signal);
    }
    writer.finish(message);
    checker.relay_wrote(LinkId{1}, message);
  }

  static constexpr auto kTtl = std::chrono::ceil<std::chrono::milliseconds>(kSignalTtl);
  SimContext context{options_with_mailboxes(), false};
  SignalAgeChecker checker{context};
};

TEST_F(SignalAgeCheckerTest, SeesASignalThatIsTooOld) {
  write({kTtl, kTtl - 5ms});
  EXPECT_FALSE(context.failed());
  write({kTtl + 5ms});
  EXPECT_TRUE(context.failed());
}

TEST_F(SignalAgeCheckerTest, LetsOneStandBehindAYoungerOne) {
  write({10ms, kTtl + 90ms});
  EXPECT_FALSE(context.failed());
}

TEST_F(SignalAgeCheckerTest, SeesOneThatIsOlderThanAnyMailboxIsLate) {
  write({10ms, kTtl + 110ms});
  EXPECT_TRUE(context.failed());
}

TEST_F(SignalAgeCheckerTest, LeavesLogsAlone) {
  write({10s}, ChannelKind::Log);
  EXPECT_FALSE(context.failed());
}

TEST(LivenessCheckerTest, SeesAPublishThatIsGivenUpWithoutNeed) {
  const auto gives_up = [](Duration calm_for, Duration connected_for, std::uint64_t loses) {
    SimOptions options = calm_options();
    options.network.lose_one_in = loses;
    SimContext context(options, false);
    LivenessChecker checker(context);
    const Instant end = context.queue.now() + 60s;
    context.queue.advance_to(end - calm_for);
    checker.faults_ended();
    context.queue.advance_to(end);
    checker.publish_given_up("client", end - connected_for);
    return context.failed();
  };
  EXPECT_TRUE(gives_up(20s, 30s, 0));
  EXPECT_TRUE(gives_up(20s, 15s, 9));
  EXPECT_FALSE(gives_up(20s, 30s, 9)) << "its answer may have been lost on this connection";
  EXPECT_FALSE(gives_up(5s, 30s, 0));
  EXPECT_FALSE(gives_up(30s, 5s, 0));
}

TEST(PublishCheckerTest, SeesAnAcknowledgementOfNothing) {
  SimContext context(calm_options(), false);
  Oracle oracle;
  oracle.stream_created({0, 0}, "e1");
  Intent intent;
  intent.payload = "1";
  oracle.add_intent(intent);
  SimDirectory directory(context.options);
  SignalChecker signals(context, oracle);
  PublishChecker checker(context, oracle, directory, signals);
  checker.acknowledged(0, PublishOutcome::Applied, {*Epoch::parse("e1"), Offset{1}});
  ASSERT_TRUE(context.failed());
  EXPECT_EQ(context.violations.front().checker, "I4");
}

TEST(WirePeekTest, RefusesWhatIsNotFrames) {
  const std::vector<std::uint8_t> cut_off = {200, 0, 0, 0, 48, 0, 0, 0, 1, 2};
  EXPECT_FALSE(peek_frames(cut_off, [](const PeekedFrame&) {}));
}

TEST(SimulatorTest, MailboxesOutOfOrderAreSeen) {
  SimOptions options = calm_options();
  options.clients.count = 3;
  options.workload.client_publish_every = 10ms;
  options.relay.mailbox_delay_max = 50ms;
  options.phases.faults = 3s;
  EXPECT_TRUE(SimWorld(options).run().violations.empty());
  options.relay.reorder_mailboxes = true;
  EXPECT_FALSE(SimWorld(options).run().violations.empty());
}

TEST(SimulatorTest, OneSeedIsOneRun) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const SimReport once = run_seed(seed);
    const SimReport again = run_seed(seed);
    EXPECT_EQ(once.trace_hash, again.trace_hash) << "seed " << seed;
    EXPECT_EQ(once.steps, again.steps) << "seed " << seed;
  }
}

TEST(SimulatorTest, SeedsDiffer) { EXPECT_NE(run_seed(1).trace_hash, run_seed(2).trace_hash); }

TEST(SimulatorTest, TheSwarmDoesWhatItIsFor) {
  SimReport total;
  for (std::uint64_t seed = 100; seed < 140; ++seed) {
    const SimReport report = run_seed(seed);
    EXPECT_TRUE(report.violations.empty()) << "seed " << seed << "\n" << reasons(report);
    total.rows += report.rows;
    total.recovered += report.recovered;
    total.snapshots += report.snapshots;
    total.acknowledgements += report.acknowledgements;
    total.record_rows += report.record_rows;
    total.quiet_points += report.quiet_points;
    total.signals += report.signals;
    total.conflicts += report.conflicts;
    total.swept += report.swept;
    total.earlier_cuts += report.earlier_cuts;
    total.corruptions += report.corruptions;
  }
  EXPECT_GT(total.rows, 10'000U);
  EXPECT_GT(total.recovered, 500U);
  EXPECT_GT(total.snapshots, 200U);
  EXPECT_GT(total.acknowledgements, 5'000U);
  EXPECT_GT(total.record_rows, 10'000U);
  EXPECT_GT(total.quiet_points, 3'000U);
  EXPECT_GT(total.signals, 5'000U);
  EXPECT_GT(total.conflicts, 50U);
  EXPECT_GT(total.swept, 500U);
  EXPECT_GT(total.earlier_cuts, 1'000U);
  EXPECT_GT(total.corruptions, 10U);
}

}  // namespace
}  // namespace tidegate::sim
