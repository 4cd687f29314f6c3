// Named scenarios around one client: what happens to a reader when its connection does not behave.
#include <gtest/gtest.h>

#include "tests/sim/scenarios/scenario.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;
using From = SimClient::From;

/// One client that is live on channel 0, and a publisher.
class ClientScenario : public Scenario {
 protected:
  void begin(const SimOptions& options) {
    make_world(options);
    client = &world->add_client();
    client->subscribe(0, From::Now);
    client->connect();
    ASSERT_TRUE(world->run_until([&] { return is_live(*client); }));
  }
  std::size_t held() const { return client->view(0)->held.size(); }

  SimClient* client = nullptr;
};

TEST_F(ClientScenario, SubscribesAndReceivesInOrder) {
  begin(calm_options());
  publish(50);
  world->run_for(1s);
  EXPECT_EQ(held(), 50U);
  expect_well();
}

TEST_F(ClientScenario, ResumesAfterACutWithoutASnapshot) {
  begin(calm_options());
  publish(20);
  world->network().cut_client(0);
  publish(20);
  expect_well();
  EXPECT_EQ(held(), 40U);
  EXPECT_GE(world->delivery().recovered(), 1U);
  EXPECT_EQ(world->delivery().snapshots(SnapshotReason::NoPosition), 1U);
}

TEST_F(ClientScenario, SubscribesDropsDuringCatchUpAndResumes) {
  SimOptions options = calm_options();
  options.network.latency_min = 20ms;
  begin(options);
  publish(10);
  world->network().cut_client(0);
  publish(200);
  // Cut again and again, each time a little into the catch-up.
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(world->run_until([&] { return client->connected(); }));
    publish(3);
    world->network().cut_client(0);
    world->run_for(10ms);
  }
  expect_well();
  EXPECT_EQ(held(), 234U);
  EXPECT_EQ(world->delivery().snapshots(SnapshotReason::NoPosition), 1U);
}

TEST_F(ClientScenario, NoticesAMessageThatVanishedOnALivingLink) {
  SimOptions options = calm_options();
  options.network.lose_one_in = 10;
  begin(options);
  publish(200);
  expect_well();
  EXPECT_EQ(held(), 200U);
  EXPECT_GT(client->session().stats().gaps_repaired, 0U);
}

TEST_F(ClientScenario, NoticesAHalfOpenLinkByItself) {
  begin(calm_options());
  world->network().cut_client(0, SimNetwork::CutKind::ClientHalfOpen);
  publish(10);
  EXPECT_EQ(held(), 0U);
  const auto& relay = world->context().options.relay;
  EXPECT_TRUE(world->run_until([&] { return held() == 10; },
                               relay.heartbeat_interval + relay.heartbeat_timeout + 5s));
  expect_well();
}

TEST_F(ClientScenario, RelayForgetsAHalfOpenClient) {
  begin(calm_options());
  world->network().cut_client(0, SimNetwork::CutKind::RelayHalfOpen);
  publish(10);
  expect_well();
  world->run_for(30s);
  std::size_t connections = 0;
  for (std::uint16_t i = 0; i < world->relay().shard_count(); ++i) {
    connections += world->relay().shard(i).connection_count();
  }
  EXPECT_EQ(connections, 1U);
}

TEST_F(ClientScenario, MountsUnmountsAndMountsWithoutAFrame) {
  begin(calm_options());
  publish(5);
  world->run_for(100ms);
  client->unsubscribe(0);
  client->subscribe(0, From::Now);
  publish(5);
  expect_well();
  EXPECT_EQ(held(), 10U);
  EXPECT_EQ(world->delivery().snapshots(SnapshotReason::NoPosition), 1U);
}

TEST_F(ClientScenario, ReloadsThePageAndGoesOnFromTheKeptPosition) {
  begin(calm_options());
  publish(10);
  world->run_for(100ms);
  client->reload();
  publish(10);
  expect_well();
  EXPECT_EQ(held(), 20U);
  EXPECT_EQ(world->delivery().recovered(), 1U);
}

TEST_F(ClientScenario, FallsBehindHistoryAndIsToldSo) {
  begin(calm_options_with_tiny_history());
  publish(3);
  world->network().cut_client(0);
  publish(40);
  expect_well();
  EXPECT_EQ(world->delivery().snapshots(SnapshotReason::HistoryExceeded), 1U);
}

TEST_F(ClientScenario, SlowReaderCatchesUpInLargerBlocks) {
  SimOptions options = calm_options();
  options.network.window_bytes = 512;
  options.network.slow_reader_one_in = 1;
  options.network.slow_bytes_per_ms = 3;
  begin(options);
  publish(300);
  expect_well();
  EXPECT_EQ(held(), 300U);
}

TEST_F(ClientScenario, PublishesOnceThoughItsAnswersAreLost) {
  begin(calm_options());
  Oracle& oracle = world->oracle();
  for (int i = 0; i < 20; ++i) {
    Intent intent;
    intent.channel = {0, 0};
    intent.payload = "\"mine " + std::to_string(i) + "\"";
    client->publish(oracle.add_intent(intent));
    world->run_for(1ms);
    world->network().cut_client(0);
    world->run_for(400ms);
  }
  expect_well();
  EXPECT_EQ(held(), 20U);
}

TEST_F(ClientScenario, IsRefusedWhatItsTokenDoesNotAllow) {
  begin(calm_options());
  SimClient& stranger = world->add_client({0b10, 0b10});
  stranger.subscribe(0, From::History, 100);
  stranger.subscribe(1, From::History, 100);
  stranger.connect();
  publish(5);
  expect_well();
  EXPECT_TRUE(stranger.view(0)->ended);
  EXPECT_TRUE(stranger.view(1)->live);
}

TEST_F(ClientScenario, SeesNothingOfATenantWithTheSameChannelNames) {
  SimOptions options = calm_options();
  options.clients.tenants = 2;
  begin(options);
  SimClient& other = world->add_client({}, 1);
  other.subscribe(0, From::Now);
  other.connect();
  publish(10);
  expect_well();
  EXPECT_EQ(held(), 10U);
  EXPECT_TRUE(other.view(0)->held.empty());
}

}  // namespace
}  // namespace tidegate::sim
