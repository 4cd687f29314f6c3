// Sums over workers, with names and help texts that Prometheus accepts.
#include "edge/app/metrics.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace tidegate::app {
namespace {

TEST(Metrics, SumsTheWorkers) {
  MetricsSample sample;
  sample.relay.resize(2);
  sample.relay[0].publishes_applied = 3;
  sample.relay[1].publishes_applied = 4;
  sample.relay[1].connections_opened = 5;
  sample.net.resize(2);
  sample.net[0].connections_open = 6;
  sample.net[1].http_requests = 7;
  sample.draining = true;
  const std::string text = metrics_text(sample);
  for (const char* line :
       {"\ntidegate_publishes_applied_total 7\n", "\ntidegate_connections_opened_total 5\n",
        "\ntidegate_connections 6\n", "\ntidegate_http_requests_total 7\n",
        "\ntidegate_workers 2\n", "\ntidegate_draining 1\n",
        "# TYPE tidegate_publishes_applied_total counter\n",
        "# TYPE tidegate_connections gauge\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(Metrics, EveryCounterIsThereOnce) {
  // Each field set to a number of its own: every one of them has to turn up.
  relay::RelayCounters relay;
  net::NetCounters net;
  constexpr std::size_t kRelayFields = sizeof relay / sizeof(std::uint64_t);
  constexpr std::size_t kNetFields = sizeof net / sizeof(std::uint64_t);
  auto* relay_fields = reinterpret_cast<std::uint64_t*>(&relay);
  auto* net_fields = reinterpret_cast<std::uint64_t*>(&net);
  for (std::size_t i = 0; i < kRelayFields; ++i) relay_fields[i] = 1000 + i;
  for (std::size_t i = 0; i < kNetFields; ++i) net_fields[i] = 2000 + i;
  store::StoreCounters store;
  constexpr std::size_t kStoreFields = sizeof store / sizeof(std::uint64_t);
  auto* store_fields = reinterpret_cast<std::uint64_t*>(&store);
  for (std::size_t i = 0; i < kStoreFields; ++i) store_fields[i] = 3000 + i;
  store.commit_us = 3001'000'000;  // as seconds
  std::istringstream lines(metrics_text({{relay}, {net}, false, 4000, 4001, store}));
  std::multiset<std::string> values;
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    EXPECT_EQ(line.find("tidegate_"), 0U) << line;
    EXPECT_TRUE(names.insert(line.substr(0, line.find(' '))).second) << line;
    values.insert(line.substr(line.rfind(' ') + 1));
  }
  for (std::size_t i = 0; i < kRelayFields; ++i)
    EXPECT_EQ(values.count(std::to_string(1000 + i)), 1U) << i;
  for (std::size_t i = 0; i < kNetFields; ++i)
    EXPECT_EQ(values.count(std::to_string(2000 + i)), 1U) << i;
  for (std::size_t i = 0; i < kStoreFields; ++i)
    EXPECT_EQ(values.count(std::to_string(3000 + i)), 1U) << i;
  EXPECT_EQ(values.count("4000") + values.count("4001"), 2U);
}

TEST(Metrics, AStoreInMemoryHasNone) {
  EXPECT_EQ(metrics_text({{}, {}, false}).find("tidegate_store_"), std::string::npos);
}

}  // namespace
}  // namespace tidegate::app
