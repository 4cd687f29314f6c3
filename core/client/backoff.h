// How long to wait before trying again: exponential with full jitter, delay = random(0, min(cap,
// base · 2^attempt)). Full jitter because after a relay's restart all of its clients fail at the
// same moment; what spreads them is that the delay starts at zero, not at a minimum they share.
// (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
#pragma once

#include <cstdint>

#include "core/base/prng.h"
#include "core/base/time.h"

namespace tidegate {

/// One delay; `attempt` counts from 0.
Duration backoff_delay(Prng& prng, Duration base, Duration cap, std::uint32_t attempt);

/// The delays of one thing that is tried again and again.
class Backoff {
 public:
  Backoff(Duration base, Duration cap) : base_(base), cap_(cap) {}

  Duration next_delay(Prng& prng) { return backoff_delay(prng, base_, cap_, attempt_++); }
  /// To be called when things have gone well for a while, not at the first sign of success: a relay
  /// that accepts and then closes must not be hammered.
  void reset() { attempt_ = 0; }
  /// Delays handed out since the last reset.
  std::uint32_t attempt() const { return attempt_; }

 private:
  Duration base_;
  Duration cap_;
  std::uint32_t attempt_ = 0;
};

}  // namespace tidegate
