// GET /metrics: the workers' counters, summed, in Prometheus' text format.
#pragma once

#include <string>
#include <vector>

#include "edge/net/relay_server.h"

namespace tidegate::app {

struct MetricsSample {
  std::vector<relay::RelayCounters> relay;  // one for each worker
  std::vector<net::NetCounters> net;
  bool draining = false;
};

std::string metrics_text(const MetricsSample& sample);

}  // namespace tidegate::app
