// Counts connection attempts of each client in a sliding window.
#include "tests/sim/check/liveness_checker.h"

#include <algorithm>

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWindow = 10s;
// Exponential backoff from 200 ms allows about 7 in ten seconds on average. Twenty-five is far
// beyond chance, and far below a loop.
constexpr std::size_t kAttemptsMax = 25;
/// Longer than an append may be silent (limits::append_timeout) and is looked into then.
constexpr Duration kAnswerMax = 14s;

/// What a new process reads of a channel before it serves it.
Duration loading_max(const SimOptions& options) {
  const std::uint32_t pages = options.workload.state_keys / kStorePageRecords + 1;
  return options.store.durable ? options.store.latency_max * pages : Duration{0};
}

}  // namespace

/// On a connection that lives, and without faults, every publish can be said again and answered.
void LivenessChecker::publish_given_up(const std::string& who, Instant connected_since) {
  if (!calm_since_) return;
  // An answer that was lost on a connection that lives is lost for good.
  const bool may_have_lost = context_.options.network.lose_one_in != 0;
  if (may_have_lost && connected_since < *calm_since_) return;
  const Instant since = std::max(*calm_since_, connected_since);
  if (context_.queue.now() - since < kAnswerMax + loading_max(context_.options)) return;
  context_.fail("I7", who + " gave up a publish, though nothing has kept it from repeating it");
}

void LivenessChecker::attempt(std::uint32_t client, bool urged) {
  ++attempts_;
  if (urged) return;
  auto& recent = recent_[client];
  const Instant now = context_.queue.now();
  recent.push_back(now);
  while (recent.front() + kWindow < now) recent.pop_front();
  if (recent.size() > kAttemptsMax) {
    context_.fail("I7", "client " + std::to_string(client) + " dialled " +
                            std::to_string(recent.size()) + " times within ten seconds");
  }
}

}  // namespace tidegate::sim
