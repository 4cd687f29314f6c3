// I7: after the last fault everybody is live and complete within a bounded virtual time, and on the
// way there nobody hammers the relay, nor gives up what could have been said again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "tests/sim/sim_context.h"

namespace tidegate::sim {

class LivenessChecker {
 public:
  explicit LivenessChecker(SimContext& context) : context_(context) {}

  /// A client dials. `urged`: the platform or the application asked for it just now.
  void attempt(std::uint32_t client, bool urged);
  void faults_ended() { calm_since_ = context_.queue.now(); }
  /// A session has waited for an answer until its time was over, and has been connected since then.
  void publish_given_up(const std::string& who, Instant connected_since);
  std::uint64_t attempts() const { return attempts_; }

 private:
  SimContext& context_;
  std::optional<Instant> calm_since_;
  std::uint64_t attempts_ = 0;
  std::map<std::uint32_t, std::deque<Instant>> recent_;
};

}  // namespace tidegate::sim
