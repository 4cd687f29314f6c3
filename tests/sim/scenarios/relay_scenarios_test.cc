// Named scenarios around the relay: restarts, stores that do not answer, shards that lag.
#include <gtest/gtest.h>

#include "tests/sim/scenarios/scenario.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;
using From = SimClient::From;

class RelayScenario : public Scenario {
 protected:
  void begin(const SimOptions& options, int clients = 2) {
    make_world(options);
    for (int i = 0; i < clients; ++i) {
      SimClient& client = world->add_client();
      client.subscribe(0, From::History, 1000);
      client.connect();
    }
    ASSERT_TRUE(world->run_until([&] { return all_live(clients); }));
  }
  bool all_live(int clients) {
    for (int i = 0; i < clients; ++i) {
      if (!is_live(world->client(static_cast<std::size_t>(i)))) return false;
    }
    return true;
  }
  std::size_t held(std::size_t client) { return world->client(client).view(0)->held.size(); }
};

TEST_F(RelayScenario, RestartsInMemoryAndEveryoneRebuilds) {
  begin(calm_options());
  publish(10);
  world->run_for(1s);
  world->relay().restart(500ms);
  world->run_for(1s);
  publish(7);
  expect_well();
  EXPECT_EQ(held(0), 7U);
  EXPECT_GE(world->delivery().snapshots(SnapshotReason::EpochChanged), 2U);
}

TEST_F(RelayScenario, RestartsOnADurableStoreAndNobodyNotices) {
  SimOptions options = calm_options();
  options.store.durable = true;
  begin(options);
  publish(10);
  world->run_for(1s);
  world->relay().restart(500ms);
  world->run_for(1s);
  publish(7);
  expect_well();
  EXPECT_EQ(held(0), 17U);
  EXPECT_EQ(world->delivery().snapshots(SnapshotReason::EpochChanged), 0U);
  EXPECT_EQ(world->delivery().snapshots(SnapshotReason::HistoryExceeded), 0U);
}

TEST_F(RelayScenario, DrainsAndEveryoneComesBackInASlot) {
  SimOptions options = calm_options();
  options.store.durable = true;
  begin(options, 60);
  publish(5);
  const std::uint64_t before = world->network().attempts();
  world->relay().drain(10s);
  // Six a second, by the slots they were told, and again whoever comes before there is a relay. At
  // once, and with full jitter over the first delay, it would be all of them.
  world->run_for(1s);
  const std::uint64_t first_second = world->network().attempts() - before;
  EXPECT_GE(first_second, 3U);
  EXPECT_LE(first_second, 20U);
  world->run_for(4s);
  EXPECT_GE(world->network().attempts() - before, 25U);
  world->run_for(9s);
  publish(5);
  expect_well();
  EXPECT_EQ(held(0), 10U);
}

class AppendFate : public RelayScenario, public ::testing::WithParamInterface<SimStore::Fate> {};

TEST_P(AppendFate, LosesNothingAndDoublesNothing) {
  begin(calm_options());
  publish(5);
  world->store().set_next_fate(GetParam());
  publish(5);
  world->run_for(30s);
  publish(5);
  expect_well();
  EXPECT_GE(held(0), 10U);  // what has no key is not repeated when it fails
  EXPECT_EQ(held(0), held(1));
}

INSTANTIATE_TEST_SUITE_P(Store, AppendFate,
                         ::testing::Values(SimStore::Fate::Normal, SimStore::Fate::Refused,
                                           SimStore::Fate::UnknownApplied,
                                           SimStore::Fate::UnknownLost,
                                           SimStore::Fate::SilentApplied,
                                           SimStore::Fate::SilentLost, SimStore::Fate::Late));

TEST_F(RelayScenario, RestartsWhilePublishesAreUnknown) {
  for (const auto fate : {SimStore::Fate::SilentApplied, SimStore::Fate::SilentLost,
                          SimStore::Fate::UnknownApplied, SimStore::Fate::Late}) {
    for (const bool durable : {false, true}) {
      SimOptions options = calm_options();
      options.store.durable = durable;
      begin(options);
      publish(5);
      world->store().set_next_fate(fate);
      publish(10);
      world->relay().restart(300ms);
      publish(10);
      expect_well();
      EXPECT_EQ(held(0), held(1));
    }
  }
}

TEST_F(RelayScenario, AMirrorBehindTheClientsPositionAsksTheOwner) {
  // A client that has read everything on the quick shard comes back on one whose mirror lags: only
  // the owner may call its position regressed, so it must be recovered.
  SimOptions options = calm_options();
  options.relay.mailbox_delay_max = 400ms;
  for (std::uint16_t shard = 0; shard < 2; ++shard) {
    begin(options);
    publish(20);
    world->relay().pin_next_shard(shard);
    for (int i = 0; i < 10; ++i) {
      world->network().cut_client(0);
      publish(10);
      world->run_for(300ms);
    }
    expect_well();
    EXPECT_EQ(held(0), 120U);
    EXPECT_EQ(world->delivery().snapshots(SnapshotReason::PositionUnknown), 0U);
  }
}

TEST_F(RelayScenario, ReplayingPublisherMakesMemoryHistoryWhole) {
  SimOptions options = calm_options();
  options.clients.count = 3;
  options.workload.replay_publishers = 1;
  options.relay.crash_every = 1500ms;
  options.phases.faults = 8s;
  SimWorld swarm(options);
  const SimReport report = swarm.run();
  EXPECT_TRUE(report.violations.empty()) << reasons(report);
}

TEST_F(RelayScenario, ACrowdComesBackSpread) {
  begin(calm_options(), 100);
  world->run_for(6s);  // long enough for the backoff to have been reset
  world->relay().restart(10ms);
  // Full jitter over the first delay: no twentieth of it sees a large part of the crowd.
  const std::uint64_t before = world->network().attempts();
  std::uint64_t last = before;
  std::uint64_t busiest = 0;
  for (int slice = 0; slice < 30; ++slice) {
    world->run_for(10ms);
    busiest = std::max(busiest, world->network().attempts() - last);
    last = world->network().attempts();
  }
  EXPECT_GT(last - before, 50U);
  EXPECT_LT(busiest, 25U);
  expect_well();
}

}  // namespace
}  // namespace tidegate::sim
