// How often a reader may be served: a ladder of intervals, so that readers who ask for nearly the
// same share their frames, and ticks that are the same for all readers of a relay: multiples of the
// interval, counted from the beginning of the clock.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/time.h"

namespace tidegate::relay {

/// A place on the ladder; 0: served as it comes.
using PaceRung = std::uint8_t;

inline constexpr std::array<Duration, 11> kPaceLadder = {
    Duration{0},          Duration{50'000},     Duration{100'000},    Duration{200'000},
    Duration{500'000},    Duration{1'000'000},  Duration{2'000'000},  Duration{5'000'000},
    Duration{10'000'000}, Duration{30'000'000}, Duration{60'000'000},
};
inline constexpr PaceRung kPaceRungs = kPaceLadder.size();

/// The lowest rung that is not below the interval; the highest when there is none.
constexpr PaceRung pace_rung(Duration interval) {
  PaceRung rung = 0;
  while (rung + 1 < kPaceRungs && kPaceLadder[rung] < interval) {
    ++rung;
  }
  return rung;
}

/// The first tick of a rung after `now`.
constexpr Instant next_tick(Instant now, PaceRung rung) {
  const Duration interval = kPaceLadder[rung];
  const Duration since = now.time_since_epoch();
  return Instant{since - since % interval + interval};
}

}  // namespace tidegate::relay
