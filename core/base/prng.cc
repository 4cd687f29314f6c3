// xoshiro256** 1.0, seeded by SplitMix64. No library distributions: those differ between machines.
#include "core/base/prng.h"

#include "core/base/hash.h"

namespace tidegate {
namespace {

__extension__ typedef unsigned __int128 UInt128;

constexpr std::uint64_t rotate_left(std::uint64_t value, int bits) {
  return (value << bits) | (value >> (64 - bits));
}

}  // namespace

Prng::Prng(std::uint64_t seed) {
  for (std::uint64_t& word : state_) word = split_mix64(seed);
}

std::uint64_t Prng::next() {
  const std::uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotate_left(state_[3], 45);
  return result;
}

std::uint64_t Prng::below(std::uint64_t bound) {
  if (bound == 0) return 0;
  UInt128 product = static_cast<UInt128>(next()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (static_cast<std::uint64_t>(product) < threshold) {
      product = static_cast<UInt128>(next()) * bound;
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

Duration Prng::duration_up_to(Duration max) {
  if (max <= Duration::zero()) return Duration::zero();
  return Duration{static_cast<Duration::rep>(below(static_cast<std::uint64_t>(max.count()) + 1))};
}

bool Prng::one_in(std::uint64_t denominator) { return denominator != 0 && below(denominator) == 0; }

}  // namespace tidegate
