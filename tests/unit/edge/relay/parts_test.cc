// The small parts: deadlines, framing, claims, names.
#include <gtest/gtest.h>

#include <map>

#include "edge/relay/claims_table.h"
#include "edge/relay/connection_writer.h"
#include "edge/relay/deadline_queue.h"
#include "edge/relay/frame_cache.h"
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

TEST(ClaimsTable, OverItsLimitClaimsAreStillGoodButNoLongerShared) {
  ClaimsTable table(1);
  std::vector<ClaimsPtr> held;
  for (std::size_t n = 0; n < limits::claims_interned_max; ++n) {
    held.push_back(table.intern(full_claims(std::to_string(n))));
  }
  EXPECT_EQ(table.size(), limits::claims_interned_max);
  const ClaimsPtr over = table.intern(full_claims("over"));
  EXPECT_EQ(over->subject, "over");
  EXPECT_NE(table.intern(full_claims("over")), over);
  EXPECT_EQ(table.intern(full_claims("0")), held.front()) << "those that are known are";
  EXPECT_EQ(table.size(), limits::claims_interned_max);
  held.clear();
  for (std::size_t n = 0; n < limits::claims_interned_max; ++n) {
    table.intern(full_claims("passing" + std::to_string(n)));
  }
  const ClaimsPtr later = table.intern(full_claims("later"));
  EXPECT_EQ(table.intern(full_claims("later")), later) << "there is room again";
}

/// A mirror whose log holds `count` publications of `bytes` each.
class FrameCacheTest : public testing::Test {
 protected:
  void fill(std::size_t count, std::size_t bytes) {
    Namespace rules{pattern("**"), ChannelKind::Log, {}, PublishRight::Server};
    rules.history.count = rules.history.bytes = 1'000'000'000;
    context.emplace(ShardOptions{});
    const auto key = std::make_shared<const ChannelKey>(ChannelKey{"t", channel("a")});
    mirror.emplace(*context, key, rules);
    auto publication = std::make_shared<Publication>();
    publication->payload.assign(bytes, '1');
    MirrorBatch batch;
    batch.key = key;
    batch.restart = true;
    batch.epoch = Epoch::parse("e").value();
    batch.top = batch.range.offset = Offset{count};
    for (std::uint64_t n = 0; n < count; ++n) {
      batch.entries.push_back(LogEntry{{Offset{n}, Offset{n + 1}}, publication});
    }
    mirror->handle_batch(std::move(batch));
  }
  /// A block from each offset: all of them differ.
  void build_all(std::size_t count) {
    for (std::uint64_t from = 0; from < count; ++from)
      cache.block(*mirror, view, Encoding::Binary, Offset{from});
  }
  RelayCounters counters;
  FrameCache cache{counters};
  std::optional<ShardContext> context;
  std::optional<ChannelMirror> mirror;
  ChannelView view{0, StreamId{1}, ViewProgram{}};
};

TEST_F(FrameCacheTest, OverItsEntriesTheOldestGo) {
  const std::size_t count = limits::frame_cache_entries_max + 10;
  fill(count, 1);
  build_all(count);
  EXPECT_EQ(cache.size(), limits::frame_cache_entries_max);
  const std::uint64_t built = counters.blocks_built;
  cache.block(*mirror, view, Encoding::Binary, Offset{count - 1});
  EXPECT_EQ(counters.blocks_built, built) << "the newest is there";
  cache.block(*mirror, view, Encoding::Binary, Offset{0});
  EXPECT_EQ(counters.blocks_built, built + 1) << "the oldest is built anew";
}

TEST_F(FrameCacheTest, OverItsBytesTheOldestGo) {
  const std::size_t bytes = limits::publication_payload_bytes_max;
  const std::size_t count = limits::frame_cache_bytes_max / bytes + 50;
  fill(count, bytes);
  build_all(count);
  EXPECT_LE(cache.bytes(), limits::frame_cache_bytes_max);
  EXPECT_GT(cache.bytes(), limits::frame_cache_bytes_max / 2);
  EXPECT_LT(cache.size(), count);
}

TEST(RelayShard, OverItsChannelsANewOneIsRefusedForTheMomentAndTheOthersGoOn) {
  RelayWorld world;
  for (std::size_t n = 0; n < limits::channels_per_shard_max; ++n) {
    world.publish("open:" + std::to_string(n), draft("1"));
  }
  ASSERT_EQ(world.shard().channel_count(), limits::channels_per_shard_max);
  EXPECT_EQ(world.answer(world.publish("open:over", draft("1"))).error().code, ErrorCode::Busy);
  TestClient& client = world.connect();
  client.subscribe("open:over");
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Busy);
  EXPECT_TRUE(world.answer(world.publish("open:1", draft("2"))).ok());
}

TEST(RelayShard, ChannelsThatWereOnlyLookedAtMakeRoomForNewOnes) {
  RelayWorld world;
  TestClient& visitor = world.connect();
  TestClient& resident = world.connect();
  resident.subscribe("open:resident");
  for (std::size_t n = 0; n < limits::channels_per_shard_max + 1000; ++n) {
    visitor.subscribe("open:" + std::to_string(n));
    ASSERT_TRUE(visitor.all<RefusedFrame>().empty()) << n;
    visitor.send(UnsubscribeFrame{RequestId{1}, visitor.last<SubscribedFrame>().stream});
    visitor.heard.clear();
  }
  EXPECT_LE(world.shard().channel_count(), limits::channels_per_shard_max);
  world.publish("open:resident", draft("1"));
  EXPECT_EQ(resident.read(), "1") << "what is in use stays";
}

TEST(RelayShard, OverTheMirrorsInUseASubscribeIsRefusedForTheMoment) {
  RelayWorld world;
  std::size_t opened = 0;
  while (opened < limits::mirrors_per_shard_max) {
    TestClient& client = world.connect();
    for (int n = 0; n < 1000; ++n) client.subscribe("open:" + std::to_string(opened++));
    ASSERT_EQ(client.all<SubscribedFrame>().size(), 1000U);
  }
  TestClient& late = world.connect();
  late.subscribe("open:over");
  EXPECT_EQ(late.last<RefusedFrame>().error.code, ErrorCode::Busy);
  EXPECT_NE(late.last<RefusedFrame>().error.retry_after_ms, 0U);
  late.subscribe("open:0");
  EXPECT_EQ(late.all<SubscribedFrame>().size(), 1U) << "one that is open already";
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
