#include "core/client/timer_table.h"

namespace tidegate {

bool TimerTable::is_due(Timer timer, Instant now) const {
  const std::optional<Instant>& deadline = deadlines_[static_cast<std::size_t>(timer)];
  return deadline && *deadline <= now;
}

std::optional<Instant> TimerTable::next_deadline() const {
  std::optional<Instant> first;
  for (const std::optional<Instant>& deadline : deadlines_) {
    first = earlier(first, deadline);
  }
  return first;
}

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a || !b) {
    return a ? a : b;
  }
  return *a < *b ? a : b;
}

}  // namespace tidegate
