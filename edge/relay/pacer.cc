#include "edge/relay/pacer.h"

#include <utility>

namespace tidegate::relay {

void Pacer::note(Instant now, std::uint32_t view, PaceRung rung) {
  Rung& waiting = rungs_[rung];
  if (!waiting.tick.has_value()) {
    waiting.tick = next_tick(now, rung);
  }
  waiting.views.push_back(view);
}

std::optional<Instant> Pacer::deadline() const {
  std::optional<Instant> earliest;
  for (const Rung& rung : rungs_) {
    if (rung.tick.has_value() && (!earliest.has_value() || *rung.tick < *earliest)) {
      earliest = rung.tick;
    }
  }
  return earliest;
}

std::optional<Pacer::Due> Pacer::poll_due(Instant now) {
  for (PaceRung rung = 0; rung < kPaceRungs; ++rung) {
    if (rungs_[rung].tick.has_value() && *rungs_[rung].tick <= now) {
      rungs_[rung].tick.reset();
      return Due{rung, std::exchange(rungs_[rung].views, {})};
    }
  }
  return std::nullopt;
}

}  // namespace tidegate::relay
