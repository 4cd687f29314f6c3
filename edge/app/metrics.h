// GET /metrics: the workers' counters, summed, and the store's, in Prometheus' text format.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/net/relay_server.h"

namespace tidegate::app {

struct MetricsSample {
  std::vector<relay::RelayCounters> relay;  // one for each worker
  std::vector<net::NetCounters> net;
  bool draining = false;
  std::uint64_t reloads_applied = 0;
  std::uint64_t reloads_refused = 0;
  std::optional<store::StoreCounters> store{};  // of a durable one
};

std::string metrics_text(const MetricsSample& sample);

}  // namespace tidegate::app
