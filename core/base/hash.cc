// FNV-1a with a mixing finish, SplitMix64, and SipHash-2-4 with 128 bits of output.
#include "core/base/hash.h"

#include <cstring>

namespace tidegate {
namespace {

constexpr std::uint64_t rotate_left(std::uint64_t value, int bits) {
  return (value << bits) | (value >> (64 - bits));
}

constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

class SipState {
 public:
  SipState(std::uint64_t key0, std::uint64_t key1)
      : v0_(key0 ^ 0x736F6D6570736575),
        // The 128-bit variant differs from the 64-bit one here and in finish().
        v1_(key1 ^ 0x646F72616E646F6D ^ 0xEE),
        v2_(key0 ^ 0x6C7967656E657261),
        v3_(key1 ^ 0x7465646279746573) {}

  void absorb(std::uint64_t word) {
    v3_ ^= word;
    rounds(2);
    v0_ ^= word;
  }

  Hash128 finish() {
    Hash128 hash;
    v2_ ^= 0xEE;
    rounds(4);
    hash.low = v0_ ^ v1_ ^ v2_ ^ v3_;
    v1_ ^= 0xDD;
    rounds(4);
    hash.high = v0_ ^ v1_ ^ v2_ ^ v3_;
    return hash;
  }

 private:
  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0_ += v1_;
      v1_ = rotate_left(v1_, 13) ^ v0_;
      v0_ = rotate_left(v0_, 32);
      v2_ += v3_;
      v3_ = rotate_left(v3_, 16) ^ v2_;
      v0_ += v3_;
      v3_ = rotate_left(v3_, 21) ^ v0_;
      v2_ += v1_;
      v1_ = rotate_left(v1_, 17) ^ v2_;
      v2_ = rotate_left(v2_, 32);
    }
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

std::uint64_t split_mix64(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  return mix(state);
}

std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = 0xCBF29CE484222325 ^ mix(seed);
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return mix(hash);
}

Hash128 siphash128(std::string_view bytes, std::uint64_t key0, std::uint64_t key1) {
  SipState state(key0, key1);
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    state.absorb(word);
  }
  std::uint64_t last = static_cast<std::uint64_t>(bytes.size() & 0xFF) << 56;
  for (std::size_t i = 0; at + i < bytes.size(); ++i) {
    last |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  state.absorb(last);
  return state.finish();
}

Hash128 hash128(std::string_view bytes, std::uint64_t seed) {
  const std::uint64_t key0 = split_mix64(seed);
  const std::uint64_t key1 = split_mix64(seed);
  return siphash128(bytes, key0, key1);
}

}  // namespace tidegate
