// The keyed hash against published vectors, and the plain hash against values that must never
// change, because shard choice depends on them.
#include "core/base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tidegate {
namespace {

constexpr std::uint64_t kKey0 = 0x0706050403020100;  // the reference's key, bytes 00 to 0f
constexpr std::uint64_t kKey1 = 0x0F0E0D0C0B0A0908;

std::string counting_bytes(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(i);
  return bytes;
}

// vectors_sip128 of the reference implementation, agreed with by OpenSSL's SIPHASH of size 16.
TEST(SipHash128, GivesThePublishedVectors) {
  EXPECT_EQ(siphash128(counting_bytes(0), kKey0, kKey1),
            (Hash128{0x930255C71472F66D, 0xE6A825BA047F81A3}));
  EXPECT_EQ(siphash128(counting_bytes(1), kKey0, kKey1),
            (Hash128{0x45FC229B11597634, 0x44AF996BD8C187DA}));
  EXPECT_EQ(siphash128(counting_bytes(8), kKey0, kKey1),
            (Hash128{0xB49714F364E2830F, 0x61F55862BAA9623B}));
  EXPECT_EQ(siphash128(counting_bytes(15), kKey0, kKey1),
            (Hash128{0xD9C3CF970FEC087E, 0x11A8B03399E99354}));
}

TEST(Hash128, DependsOnTheSeedAndOnEveryByte) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  const auto note = [&](Hash128 hash) { seen.insert({hash.high, hash.low}); };
  note(hash128("", 1));
  note(hash128("", 2));
  note(hash128(std::string(1, '\0'), 1));
  note(hash128(std::string(8, '\0'), 1));
  note(hash128("abcdefgh", 1));
  note(hash128("abcdefgH", 1));
  note(hash128("bbcdefgh", 1));
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(hash128("abc", 1), hash128("abc", 1));
}

// Computed independently from the definition in the header.
TEST(HashBytes, IsFixedForEver) {
  EXPECT_EQ(hash_bytes(""), 0xF52A15E9A9B5E89Bu);
  EXPECT_EQ(hash_bytes("airport:JFK:departures"), 0xEF716C88F259C4ACu);
  EXPECT_EQ(hash_bytes("airport:JFK:departures", 1), 0x8D15879DBDF7CE2Du);
  EXPECT_EQ(hash_bytes("\xFF"), 0x4F2DB50F124040CDu);
}

TEST(HashBytes, SpreadsSimilarNamesOverFewShards) {
  int counts[4] = {};
  for (int i = 0; i < 4000; ++i) ++counts[hash_bytes("user:" + std::to_string(i)) % 4];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace tidegate
