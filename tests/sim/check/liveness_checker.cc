// Counts connection attempts of each client in a sliding window.
#include "tests/sim/check/liveness_checker.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWindow = 10s;
// Exponential backoff from 200 ms allows about 7 in ten seconds on average. Twenty-five is far
// beyond chance, and far below a loop.
constexpr std::size_t kAttemptsMax = 25;

}  // namespace

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
