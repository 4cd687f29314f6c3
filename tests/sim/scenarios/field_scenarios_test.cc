// Bugs that others have shipped, each as a scenario of ours under the name of their report. (That
// of centrifugo#117 is in tests/cli/largest_publication.test.mjs: it takes real sockets.)
#include <gtest/gtest.h>

#include "tests/sim/scenarios/scenario.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;
using From = SimClient::From;

class FieldScenario : public Scenario {
 protected:
  SimClient& add_live_client() {
    SimClient& client = world->add_client();
    client.subscribe(0, From::Now);
    client.connect();
    EXPECT_TRUE(world->run_until([&] { return is_live(client); }));
    return client;
  }
};

/// centrifuge-go#150: what was recovered came twice, and the position moved back.
TEST_F(FieldScenario, CentrifugeGo150RecoveredOnceAndThePositionNeverMovesBack) {
  SimOptions options = calm_options();
  options.network.earlier_cut_one_in = 1;  // each block repeats what its reader has had
  make_world(options);
  SimClient& client = add_live_client();
  std::uint64_t position = 0;
  for (int round = 0; round < 20; ++round) {
    publish(7);
    world->network().cut_client(0);
    ASSERT_TRUE(world->run_until([&] { return !client.connected(); }));
    publish(7);
    ASSERT_TRUE(world->run_until([&] { return client.connected(); }));
    world->run_for(3ms);  // somewhere in the recovery
    EXPECT_GE(client.view(0)->position, position);
    position = client.view(0)->position;
  }
  expect_well();
  EXPECT_EQ(client.view(0)->held.size(), 280U);
  EXPECT_GE(world->delivery().recovered(), 10U);
  EXPECT_GT(world->report().earlier_cuts, 0U);
}

/// centrifuge-go#160: the epoch of one stream was stored with the offset of another, and the server
/// reported a recovery that was none.
TEST_F(FieldScenario, CentrifugeGo160AnotherEpochIsNeverRecoveredFromTheOldOffset) {
  make_world(calm_options());
  SimClient& client = add_live_client();
  publish(10);
  world->run_for(1s);
  for (int round = 1; round <= 5; ++round) {
    const std::string epoch = *client.view(0)->epoch;
    world->relay().restart(300ms);
    publish(10 + 10 * round);  // while it is away: the old offset exists in the new stream, too
    ASSERT_TRUE(
        world->run_until([&] { return is_live(client) && *client.view(0)->epoch != epoch; }));
    world->network().cut_client(0);  // it comes back with what it holds now
    publish(3);
  }
  expect_well();
  EXPECT_GE(world->delivery().snapshots(SnapshotReason::EpochChanged), 5U);
}

/// supabase-js#1599: "subscribed" was reported while the stream was not live yet, and what was
/// written in the next seconds was lost.
TEST_F(FieldScenario, SupabaseJs1599WhatIsPublishedOnceASubscriptionIsLiveArrives) {
  SimOptions options = calm_options();
  options.relay.shards = 4;
  options.relay.mailbox_delay_max = 400ms;
  make_world(options);
  for (int n = 0; n < 20; ++n) {
    const SimClient& client = add_live_client();
    publisher->publish(0);
    EXPECT_TRUE(world->run_until([&] { return !client.view(0)->held.empty(); }, 5s)) << n;
  }
  expect_well();
}

}  // namespace
}  // namespace tidegate::sim
