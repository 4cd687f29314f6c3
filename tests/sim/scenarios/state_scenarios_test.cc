// Named scenarios around state and signal channels: what readers of records and signals see when
// things do not go well, and what the simulator has found there.
#include <gtest/gtest.h>

#include "tests/sim/scenarios/scenario.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;
using From = SimClient::From;

SimOptions state_options() {
  SimOptions options = calm_options();
  options.workload.channels = 0;
  options.workload.state_channels = 1;
  options.workload.signal_channels = 1;
  return options;
}
constexpr std::uint32_t kState = 0;
constexpr std::uint32_t kSignal = 1;

class StateScenario : public Scenario {
 protected:
  void begin(const SimOptions& options, SimClient::Wish wish = {kState}) {
    make_world(options);
    client = &world->add_client();
    client->subscribe(wish, From::Now, 0, {});
    client->connect();
    const RecordsView* view = client->records(kState, wish.filter);
    ASSERT_TRUE(world->run_until([&] { return view->live; }));
  }
  std::uint64_t publish(RecordAction action, const std::string& key, RecordFields fields,
                        std::optional<std::uint64_t> count = std::nullopt) {
    Intent intent;
    intent.channel = {0, kState};
    intent.record.action = action;
    intent.record.key = key;
    intent.tags = R"({"i":)" + std::to_string(world->oracle().intent_count()) + R"(,"t":0})";
    intent.payload = action == RecordAction::Delete ? "" : text_of(fields);
    if (action == RecordAction::Merge) intent.payload = R"({"set":)" + intent.payload + "}";
    intent.record.fields = std::move(fields);
    if (count) intent.record.source = {"source", *count};
    const std::uint64_t id = world->oracle().add_intent(std::move(intent));
    publisher->repeat(id);
    world->run_for(20ms);
    return id;
  }
  static std::string text_of(const RecordFields& fields) {
    std::string text = "{";
    for (const RecordField& field : fields) {
      text += (text.size() > 1 ? ",\"" : "\"") + field.name + "\":" + field.value;
    }
    return text + "}";
  }
  void set(const std::string& key, std::uint64_t n, std::size_t pad = 0) {
    publish(RecordAction::Set, key,
            {{"n", "n", std::to_string(n)}, {"x", "x", '"' + std::string(pad, 'x') + '"'}});
  }
  void erase(const std::string& key) { publish(RecordAction::Delete, key, {}); }
  std::size_t shown() const { return client->records(kState)->rows.size(); }

  SimClient* client = nullptr;
};

TEST_F(StateScenario, RecordsComeAndGoAndComeBack) {
  begin(state_options());
  for (int i = 0; i < 20; ++i) set("k" + std::to_string(i % 5), 1);
  erase("k1");
  publish(RecordAction::Merge, "k1", {{"a", "a", "1"}});
  erase("k2");
  expect_well();
  EXPECT_EQ(shown(), 4U);
  EXPECT_EQ(client->records(kState)->rows.at("k1").payload, R"({"a":1})");
}

TEST_F(StateScenario, WhoWasAwayLearnsWhatWasDeleted) {
  SimOptions options = state_options();
  options.workload.state_history = 4;
  begin(options);
  for (int i = 0; i < 10; ++i) set("k" + std::to_string(i), 1);
  world->network().cut_client(0);
  for (int i = 0; i < 10; i += 2) erase("k" + std::to_string(i));
  expect_well();
  EXPECT_EQ(shown(), 5U);
}

TEST_F(StateScenario, ARelayThatComesBackEmptyTakesItsRecordsFromThePage) {
  begin(state_options());
  for (int i = 0; i < 10; ++i) set("k" + std::to_string(i), 1);
  world->relay().restart(100ms);
  world->run_for(500ms);
  set("k3", 2);
  expect_well();
  EXPECT_EQ(shown(), 1U);
  EXPECT_EQ(world->report().swept, 10U);
}

TEST_F(StateScenario, ARecordLeavesTheViewThatItsFilterNoLongerLetsIn) {
  begin(state_options(), {kState, 1});  // n below 50
  set("k1", 10);
  set("k2", 60);
  set("k3", 20);
  set("k1", 70);
  expect_well();
  const auto& rows = client->records(kState, 1)->rows;
  EXPECT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows.contains("k3"));
}

TEST_F(StateScenario, ASlowReaderIsGivenTheRecordsAsTheyAre) {
  SimOptions options = state_options();
  options.network.window_bytes = 512;
  options.network.slow_reader_one_in = 1;
  options.network.slow_bytes_per_ms = 20;
  begin(options);
  for (int i = 0; i < 200; ++i) set("k" + std::to_string(i % 40), 1, 3000);
  expect_well();
  EXPECT_EQ(shown(), 40U);
  EXPECT_LT(world->report().record_rows, 150U) << "it was not sent every change";
}

TEST_F(StateScenario, ADigestFindsWhatWasChangedOnItsWay) {
  SimOptions options = state_options();
  options.network.corrupt_one_in = 1;
  begin(options);
  set("k1", 10);
  world->run_for(10ms);
  EXPECT_EQ(world->report().corruptions, 1U);
  world->context().faults_on = false;
  for (int i = 0; i < 400; ++i) set("k2", static_cast<std::uint64_t>(i));
  expect_well();
  EXPECT_GT(client->session().stats().digest_mismatches, 0U);
}

// Found by seed 4, when state channels came to the simulator: a set, or a delete, that does not
// count made the relay forget what had been counted before, so an older count passed for new.
TEST_F(StateScenario, WhoDoesNotCountMakesNobodyForgetWhatOthersHaveCounted) {
  begin(state_options());
  publish(RecordAction::Set, "k", {{"n", "n", "5"}}, 5);
  publish(RecordAction::Set, "k", {{"n", "n", "0"}});
  publish(RecordAction::Set, "k", {{"n", "n", "4"}}, 4);
  EXPECT_EQ(client->records(kState)->rows.at("k").payload, R"({"n":0})");
  erase("k");
  publish(RecordAction::Set, "k", {{"n", "n", "3"}}, 3);
  EXPECT_EQ(shown(), 0U);
  expect_well();
}

TEST_F(StateScenario, BlocksThatBeginBeforeTheirReaderShowNothingTwice) {
  SimOptions options = state_options();
  options.workload.channels = 1;
  options.network.earlier_cut_one_in = 1;
  world = std::make_unique<SimWorld>(options);
  publisher = &world->add_publisher();
  client = &world->add_client();
  client->subscribe(0, From::Now);
  client->connect();
  ASSERT_TRUE(world->run_until([&] { return client->view(0)->live; }));
  for (int i = 0; i < 30; ++i) {
    publisher->publish(0);
    world->run_for(20ms);
  }
  expect_well();
  EXPECT_EQ(client->view(0)->held.size(), 30U);
  EXPECT_GT(world->report().earlier_cuts, 10U);
}

TEST_F(StateScenario, SignalsReachWhoKeepsPace) {
  begin(state_options());
  client->subscribe(kSignal, From::Now);
  ASSERT_TRUE(world->run_until([&] { return client->signals(kSignal)->live; }));
  for (int i = 0; i < 50; ++i) {
    publisher->publish(kSignal);
    world->run_for(5ms);
  }
  expect_well();
  EXPECT_EQ(world->report().signals, 50U);
}

}  // namespace
}  // namespace tidegate::sim
