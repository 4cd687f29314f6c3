// When paced readers are served next: on the ticks of their rung, and only if there is something to
// be sent. Which of them there are is the view's matter.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "edge/relay/pacing.h"

namespace tidegate::relay {

class Pacer {
 public:
  /// Readers of `view` (a slot) on that rung have something to be sent. Once for each tick.
  void note(Instant now, std::uint32_t view, PaceRung rung);
  std::optional<Instant> deadline() const;
  struct Due {
    PaceRung rung = 0;
    std::vector<std::uint32_t> views;  // some may be gone meanwhile
  };
  std::optional<Due> poll_due(Instant now);

 private:
  struct Rung {
    std::optional<Instant> tick;  // set while anybody waits for it
    std::vector<std::uint32_t> views;
  };
  std::array<Rung, kPaceRungs> rungs_;
};

}  // namespace tidegate::relay
