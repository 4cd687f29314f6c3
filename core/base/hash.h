// Our own hash, so that results are equal on every machine, compiler and in WebAssembly. std::hash
// is banned wherever its value could be seen from outside (shard choice, dedup windows).
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace tidegate {

/// 64 bits over the bytes (FNV-1a with a SplitMix64 finish). Not keyed: never for untrusted tables.
std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0);

/// 128 bits, keyed by the owner's seed: two ids that collide are taken for one, so collisions must
/// be out of reach of accident and, with a secret seed, of intent. SipHash-2-4-128 (Aumasson,
/// Bernstein).
struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Hash128&) const = default;
};
Hash128 hash128(std::string_view bytes, std::uint64_t seed);

/// The algorithm with its whole key, as published: `low` holds output bytes 0–7, `high` bytes 8–15,
/// both little-endian. hash128 derives the key from the seed by SplitMix64.
Hash128 siphash128(std::string_view bytes, std::uint64_t key0, std::uint64_t key1);

/// One step of SplitMix64: advances `state`, returns a well mixed value. Spreads seeds, nothing
/// more.
std::uint64_t split_mix64(std::uint64_t& state);

}  // namespace tidegate
