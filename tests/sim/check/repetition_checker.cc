// Positions that publishers are told, by intent and epoch.
#include "tests/sim/check/repetition_checker.h"

#include <algorithm>

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

/// The relay's clock shows whole milliseconds, and shards judge what others have stamped.
constexpr Duration kClockSlack = 10ms;

}  // namespace

bool RepetitionChecker::are_together(const Made& first, const Made& second) const {
  const Duration slack = kClockSlack + context_.options.relay.mailbox_delay_max;
  return second.latest - first.earliest + slack < directory_.config()->idempotency_window_age;
}

void RepetitionChecker::answered(std::uint64_t id, PublishOutcome outcome,
                                 const StreamPosition& position, Instant asked_at) {
  const Intent& intent = oracle_.intent(id);
  const bool is_repeatable = !intent.key.empty() || !intent.event_id.empty();
  if (!is_repeatable || outcome == PublishOutcome::Stale || context_.wall_has_jumped) return;
  auto& told = told_[{id, position.epoch.token()}];
  const bool is_first = outcome == PublishOutcome::Applied;
  const Made made{is_first ? asked_at : intent.made_at, context_.queue.now()};
  const auto [at, is_new] = told.try_emplace(position.offset.value, made);
  if (is_first) at->second.earliest = std::max(at->second.earliest, asked_at);
  if (!is_new) ++replayed_;
  for (const auto& [offset, other] : told) {
    if (offset == position.offset.value) continue;
    const bool is_before = offset < position.offset.value;
    if (!are_together(is_before ? other : at->second, is_before ? at->second : other)) continue;
    return context_.fail("I4", "publish " + std::to_string(id) + " was answered with " +
                                   std::to_string(position.offset.value) + " and, in one window, " +
                                   "with " + std::to_string(offset));
  }
}

}  // namespace tidegate::sim
