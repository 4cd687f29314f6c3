// Time as a value. The core never reads a clock: whoever owns one passes `Now` in.
//
// `Instant` is monotonic and only ever compared or subtracted (deadlines). `WallTime` is calendar
// time (token expiry, publication times, age limits) and may jump. The two clock tags below have no
// now() on purpose, so a call that would read a clock does not compile.
#pragma once

#include <chrono>
#include <cstdint>

namespace tidegate {

using Duration = std::chrono::microseconds;

struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

struct CalendarClock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<CalendarClock>;
  static constexpr bool is_steady = false;
};

/// A monotonic point in time, in microseconds since an origin that only its shell knows.
using Instant = MonotonicClock::time_point;

/// Calendar time in milliseconds since the Unix epoch (UTC, without leap seconds).
using WallTime = CalendarClock::time_point;

struct Now {
  Instant monotonic;
  WallTime wall;
};

constexpr std::int64_t wall_ms(WallTime time) { return time.time_since_epoch().count(); }
constexpr WallTime wall_from_ms(std::int64_t ms) { return WallTime{std::chrono::milliseconds{ms}}; }

}  // namespace tidegate
