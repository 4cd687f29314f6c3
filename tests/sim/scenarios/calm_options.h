// Scenarios begin calm: no fault is drawn, everything that goes wrong is written in the scenario.
#pragma once

#include "tests/sim/sim_options.h"

namespace tidegate::sim {

inline SimOptions calm_options(std::uint64_t seed = 1) {
  SimOptions options;
  options.seed = seed;
  options.clients.count = 0;
  options.workload.channels = 2;
  options.workload.http_publishers = 0;
  return options;
}

/// Channel 0 has room for ever, channel 1 for six publications only.
inline SimOptions calm_options_with_tiny_history(std::uint64_t seed = 1) {
  SimOptions options = calm_options(seed);
  options.workload.channels = 1;
  options.workload.small_history_channels = 1;
  return options;
}

/// The reasons of a report, for a test's message.
template <typename Report>
std::string reasons(const Report& report) {
  std::string text;
  for (const auto& violation : report.violations) {
    text += violation.checker + ": " + violation.text + "\n";
  }
  return text;
}

}  // namespace tidegate::sim
