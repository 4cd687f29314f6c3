// The checker of I5: each of its rules is seen red one beyond its limit, and green at it.
#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "tests/sim/check/limits_checker.h"
#include "tests/sim/scenarios/calm_options.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

class LimitsCheckerTest : public ::testing::Test {
 protected:
  /// What has been found since the last question, by the invariant it breaks.
  std::string found() {
    const std::string invariant = context.failed() ? context.violations.front().checker : "";
    context.violations.clear();
    return invariant;
  }
  static relay::StoreAppend append(std::uint64_t id, std::size_t records,
                                   const std::string& channel = "log:a") {
    relay::StoreAppend append;
    append.id = static_cast<relay::EffectId>(id);
    append.key = std::make_shared<const relay::ChannelKey>(
        relay::ChannelKey{"t", *ChannelName::parse(channel)});
    append.records.resize(records);
    return append;
  }
  static relay::MirrorBatch batch(std::uint64_t from, std::uint64_t to, std::uint64_t top,
                                  std::size_t entries) {
    relay::MirrorBatch batch;
    batch.range = {Offset{from}, Offset{to}};
    batch.top = Offset{top};
    batch.entries.resize(entries);
    return batch;
  }

  SimContext context{calm_options(), false};
  SimDirectory directory{context.options};
  LimitsChecker checker{context, directory};
};

TEST_F(LimitsCheckerTest, SeesAMailboxThatHoldsTooMuch) {
  const std::size_t channels = directory.channel_count() * directory.tenant_count();
  const std::size_t mirrors = 8 * channels;
  const std::size_t publishes =
      2 * limits::publishes_in_flight_per_connection_kill + 3 + 4 * channels;
  checker.mailbox_waits(0, 1, {mirrors, publishes}, 2, 3);
  EXPECT_EQ(found(), "");
  checker.mailbox_waits(0, 1, {mirrors + 1, 0}, 2, 3);
  EXPECT_EQ(found(), "I5");
  checker.mailbox_waits(0, 1, {0, publishes + 1}, 2, 3);
  EXPECT_EQ(found(), "I5");
}

TEST_F(LimitsCheckerTest, SeesAMirrorBatchThatIsTooLargeOrRunsBackwards) {
  checker.mirror_batch(batch(1, 3, 3, limits::mirror_batch_entries_max));
  EXPECT_EQ(found(), "");
  checker.mirror_batch(batch(1, 3, 3, limits::mirror_batch_entries_max + 1));
  EXPECT_EQ(found(), "I5");
  checker.mirror_batch(batch(3, 1, 3, 0));
  EXPECT_EQ(found(), "I5");
  checker.mirror_batch(batch(1, 3, 2, 0));
  EXPECT_EQ(found(), "I5");
}

TEST_F(LimitsCheckerTest, SeesWhatIsWrittenToWhoCannotTakeIt) {
  checker.transmit(true, false, limits::relay_message_bytes_max);
  EXPECT_EQ(found(), "");
  checker.transmit(true, true, 1);
  EXPECT_EQ(found(), "I5");
  checker.transmit(false, false, 1);
  EXPECT_EQ(found(), "I5");
  checker.transmit(true, false, limits::relay_message_bytes_max + 1);
  EXPECT_EQ(found(), "I5");
}

TEST_F(LimitsCheckerTest, SeesASecondAppendOfAChannel) {
  checker.append_begins(1, append(1, 1));
  checker.append_begins(1, append(2, 1, "log:b"));
  checker.append_begins(2, append(3, 1));
  EXPECT_EQ(found(), "") << "another channel, another process";
  checker.append_begins(1, append(4, 1));
  EXPECT_EQ(found(), "I5");
  checker.append_ends(1, static_cast<relay::EffectId>(1));
  checker.append_ends(1, static_cast<relay::EffectId>(4));
  checker.append_begins(1, append(5, 1));
  EXPECT_EQ(found(), "") << "those before have ended";
}

TEST_F(LimitsCheckerTest, SeesAnAppendOfTooMuchOrNothing) {
  checker.append_begins(1, append(1, limits::append_batch_entries_max));
  EXPECT_EQ(found(), "");
  checker.append_begins(2, append(1, limits::append_batch_entries_max + 1));
  EXPECT_EQ(found(), "I5");
  checker.append_begins(3, append(1, 0));
  EXPECT_EQ(found(), "I5");
}

TEST_F(LimitsCheckerTest, SeesAClientThatSaysOrKeepsTooMuch) {
  checker.client_message(limits::client_message_bytes_max);
  checker.outbox(10, 10);
  EXPECT_EQ(found(), "");
  checker.client_message(limits::client_message_bytes_max + 1);
  EXPECT_EQ(found(), "I5");
  checker.outbox(11, 10);
  EXPECT_EQ(found(), "I5");
}

TEST_F(LimitsCheckerTest, SeesAShardThatHoldsTooMuchOfSomething) {
  relay::ShardFootprint most;
  most.control_bytes = limits::control_queue_bytes_kill + limits::relay_message_bytes_max;
  most.publishes_queued = limits::append_queue_entries_max + directory.channel_count();
  most.excess_publications = limits::mirror_lag_entries_max + limits::mirror_batch_entries_max;
  most.excess_bytes = limits::mirror_lag_bytes_max + limits::relay_message_bytes_max;
  most.deletes = directory.deletes_max();
  most.idempotency_keys = directory.config()->idempotency_window_entries;
  checker.footprint(most);
  EXPECT_EQ(found(), "");
  for (std::size_t relay::ShardFootprint::*each :
       {&relay::ShardFootprint::control_bytes, &relay::ShardFootprint::publishes_queued,
        &relay::ShardFootprint::excess_publications, &relay::ShardFootprint::excess_bytes,
        &relay::ShardFootprint::deletes, &relay::ShardFootprint::idempotency_keys}) {
    relay::ShardFootprint held = most;
    held.*each += 1;
    checker.footprint(held);
    EXPECT_EQ(found(), "I5");
  }
}

TEST_F(LimitsCheckerTest, SeesWhatNeverEnds) {
  checker.timer_spins("x", 1000);
  checker.effects_in_turn("x", 200'000);
  EXPECT_EQ(found(), "");
  checker.timer_spins("x", 1001);
  EXPECT_EQ(found(), "I7");
  checker.effects_in_turn("x", 200'001);
  EXPECT_EQ(found(), "I7");
}

}  // namespace
}  // namespace tidegate::sim
