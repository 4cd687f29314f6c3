// The small parts: deadlines, framing, claims, names.
#include <gtest/gtest.h>

#include <map>

#include "edge/relay/claims_table.h"
#include "edge/relay/connection_writer.h"
#include "edge/relay/deadline_queue.h"
#include "edge/relay/shared_message.h"
#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

Instant at(std::int64_t us) { return Instant(Duration(us)); }

TEST(DeadlineQueue, AgreesWithAPlainListWhateverIsSetAndCleared) {
  constexpr std::uint64_t kSeed = 4711;
  Prng prng(kSeed);
  DeadlineQueue queue;
  std::map<std::uint32_t, Instant> plain;
  for (int step = 0; step < 20'000; ++step) {
    const auto key = static_cast<std::uint32_t>(prng.below(64));
    if (prng.one_in(3)) {
      queue.clear(key);
      plain.erase(key);
    } else {
      const Instant when = at(static_cast<std::int64_t>(prng.below(1000)));
      queue.set(key, when);
      plain[key] = when;
    }
    std::optional<Instant> expected;
    for (const auto& [ignored, when] : plain) {
      if (!expected.has_value() || when < *expected) expected = when;
    }
    ASSERT_EQ(queue.next(), expected) << "seed " << kSeed << ", step " << step;
    ASSERT_EQ(queue.size(), plain.size());
  }
  Instant before = at(0);
  while (const std::optional<Instant> next = queue.next()) {
    ASSERT_LE(before, *next);
    before = *next;
    EXPECT_EQ(queue.pop_due(*next - Duration(1)), std::nullopt);
    const std::optional<std::uint32_t> key = queue.pop_due(*next);
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(plain.at(*key), *next);
    plain.erase(*key);
  }
  EXPECT_TRUE(plain.empty());
}

TEST(SharedMessage, HeadersAreThoseOfRfc6455) {
  const auto header = [](std::size_t payload_bytes) {
    const auto message = SharedMessage::binary(Bytes(payload_bytes, 7));
    EXPECT_EQ(message->payload().size(), payload_bytes);
    const ByteView framed = message->framed();
    return Bytes(framed.begin(), framed.end() - static_cast<std::ptrdiff_t>(payload_bytes));
  };
  EXPECT_EQ(header(0), (Bytes{0x82, 0}));
  EXPECT_EQ(header(125), (Bytes{0x82, 125}));
  EXPECT_EQ(header(126), (Bytes{0x82, 126, 0, 126}));
  EXPECT_EQ(header(65'535), (Bytes{0x82, 126, 0xFF, 0xFF}));
  EXPECT_EQ(header(65'536), (Bytes{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(ClaimsTable, EqualClaimsAreKeptOnceAndUnusedOnesForgotten) {
  ClaimsTable table(1);
  const ClaimsPtr first = table.intern(full_claims("ann"));
  EXPECT_EQ(table.intern(full_claims("ann")), first);
  EXPECT_NE(table.intern(full_claims("bob")), first);
  auto later = full_claims("ann");
  later->expires_at = wall_from_ms(5);
  EXPECT_NE(table.intern(later), first);
  for (int n = 0; n < 1000; ++n) table.intern(full_claims("user" + std::to_string(n)));
  EXPECT_LE(table.size(), 130U);
  EXPECT_EQ(table.intern(full_claims("ann")), first);
}

TEST(ShardContext, LogLinesAreBoundedAndTheLossIsTold) {
  ShardContext context(ShardOptions{0, 1, 1, std::make_shared<RelayConfig>(test_config())});
  for (std::size_t n = 0; n < limits::log_lines_max + 5; ++n) context.log(LogLevel::Info, "x");
  std::size_t lines = 0;
  std::string last;
  while (const auto line = context.poll_log()) {
    ++lines;
    last = line->text;
  }
  EXPECT_EQ(lines, limits::log_lines_max + 1);
  EXPECT_EQ(last, "5 log lines were dropped");
}

TEST(ShardContext, ClientTextIsMadeFitForLogs) { EXPECT_EQ(printable("a\nb\x1b[31m"), "a?b?[31m"); }

TEST(RelayShard, ChannelsAreOwnedByTheSameShardEverywhereAndSpread) {
  std::map<std::uint16_t, int> counts;
  for (int n = 0; n < 4000; ++n) {
    const ChannelKey key{"t", channel("open:" + std::to_string(n))};
    ++counts[RelayShard::owner_of(key, 4)];
    EXPECT_EQ(RelayShard::owner_of(key, 1), 0);
  }
  ASSERT_EQ(counts.size(), 4U);
  for (const auto& [shard, count] : counts) EXPECT_NEAR(count, 1000, 150) << shard;
  EXPECT_NE(RelayShard::owner_of({"t", channel("open:1")}, 1 << 15),
            RelayShard::owner_of({"u", channel("open:1")}, 1 << 15));
}

}  // namespace
}  // namespace tidegate::relay
