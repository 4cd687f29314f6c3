// I7: after the last fault everybody is live and complete within a bounded virtual time, and on the
// way there nobody hammers the relay.
#pragma once

#include <cstdint>
#include <deque>
#include <map>

#include "tests/sim/sim_context.h"

namespace tidegate::sim {

class LivenessChecker {
 public:
  explicit LivenessChecker(SimContext& context) : context_(context) {}

  /// A client dials. `urged`: the platform or the application asked for it just now.
  void attempt(std::uint32_t client, bool urged);
  std::uint64_t attempts() const { return attempts_; }

 private:
  SimContext& context_;
  std::uint64_t attempts_ = 0;
  std::map<std::uint32_t, std::deque<Instant>> recent_;
};

}  // namespace tidegate::sim
