// A small seeded generator for jitter and tests: the same seed gives the same run on every machine
// and in WebAssembly. Not for secrets: epochs, session ids and keys are entropy that shells hand
// in. Algorithm: xoshiro256** 1.0, seeded by SplitMix64 (Blackman and Vigna,
// https://prng.di.unimi.it).
#pragma once

#include <cstdint>

#include "core/base/time.h"

namespace tidegate {

class Prng {
 public:
  explicit Prng(std::uint64_t seed);

  std::uint64_t next();
  /// Uniform in [0, bound); bound 0 gives 0. Without modulo bias (Lemire's method).
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, max].
  Duration duration_up_to(Duration max);
  /// True once in `denominator` times, on average; false when it is 0.
  bool one_in(std::uint64_t denominator);

 private:
  std::uint64_t state_[4];
};

}  // namespace tidegate
