// The log by itself: ranges, covers, limits, and what is kept for readers that lag.
#include "edge/relay/channel_log.h"

#include <gtest/gtest.h>

namespace tidegate::relay {
namespace {

PublicationPtr publication(std::int64_t time_ms, std::size_t bytes = 4) {
  auto made = std::make_shared<Publication>();
  made->time = wall_from_ms(time_ms);
  made->payload.assign(bytes, '1');
  return made;
}

Epoch epoch(const char* token) { return Epoch::parse(token).value(); }

class ChannelLogTest : public testing::Test {
 protected:
  explicit ChannelLogTest()
      : log(HistoryLimits{3, 10'000, std::chrono::seconds(10)}, ChannelKind::Log) {
    log.restart(epoch("a"), Offset{100});
  }
  void append(std::uint64_t offset, PublicationPtr made) {
    log.append(LogEntry{{log.top(), Offset{offset}}, std::move(made)});
  }
  ChannelLog log;
};

TEST_F(ChannelLogTest, TheLatestSourceVersionAtItsFloorIsWhatWasDropped) {
  log.load_source_version(SourceVersion{"e", 1});
  EXPECT_EQ(*log.latest_source_version(""), (SourceVersion{"e", 1}));
  for (std::uint64_t n = 2; n <= 6; ++n) {
    auto made = std::make_shared<Publication>(*publication(0));
    if (n != 4) made->source_version = SourceVersion{"e", n};
    append(100 + n, made);
  }
  EXPECT_EQ(log.floor_source_version(), (SourceVersion{"e", 1}));
  log.enforce(wall_from_ms(0), log.top());
  EXPECT_EQ(log.floor(), Offset{103});
  EXPECT_EQ(log.floor_source_version(), (SourceVersion{"e", 3}));
  EXPECT_EQ(*log.latest_source_version(""), (SourceVersion{"e", 6}));
  log.restart(epoch("b"), Offset{});
  EXPECT_EQ(log.floor_source_version(), std::nullopt);
  EXPECT_EQ(log.latest_source_version(""), nullptr);
}

TEST_F(ChannelLogTest, FindsEntriesByRangeWhereOffsetsAreNotDense) {
  append(110, publication(1));
  append(150, publication(2));
  append(151, publication(3));
  EXPECT_EQ(log.first_beyond(Offset{100}), 0U);
  EXPECT_EQ(log.first_beyond(Offset{109}), 0U);
  EXPECT_EQ(log.first_beyond(Offset{110}), 1U);
  EXPECT_EQ(log.first_beyond(Offset{149}), 1U);
  EXPECT_EQ(log.first_beyond(Offset{151}), 3U);
  EXPECT_EQ(log.start_of_latest(1), Offset{150});
  EXPECT_EQ(log.start_of_latest(2), Offset{110});
  EXPECT_EQ(log.start_of_latest(3), Offset{100});
  EXPECT_EQ(log.start_of_latest(0), Offset{151});
}

TEST_F(ChannelLogTest, NeighbouringCoversAreOneEntryAndDoNotCountAsPublications) {
  append(101, publication(1));
  append(102, nullptr);
  append(103, nullptr);
  append(104, publication(2));
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(log.publication_count(), 2U);
  EXPECT_EQ(log.entry(1).range(), (StreamRange{Offset{101}, Offset{103}}));
  EXPECT_EQ(log.first_beyond(Offset{102}), 1U);
  EXPECT_EQ(log.start_of_latest(1), Offset{103});
}

TEST_F(ChannelLogTest, DropsTheOldestOverTheCount) {
  for (std::uint64_t offset = 101; offset <= 105; ++offset) append(offset, publication(1));
  EXPECT_TRUE(log.enforce(wall_from_ms(1), Offset{105}));
  EXPECT_EQ(log.publication_count(), 3U);
  EXPECT_EQ(log.floor(), Offset{102});
  EXPECT_TRUE(log.reaches(Offset{102}));
  EXPECT_FALSE(log.reaches(Offset{101}));
  EXPECT_FALSE(log.enforce(wall_from_ms(1), Offset{105}));
}

TEST_F(ChannelLogTest, DropsTheOldestOverTheBytes) {
  append(101, publication(1, 6000));
  append(102, publication(1, 6000));
  EXPECT_TRUE(log.enforce(wall_from_ms(1), Offset{102}));
  EXPECT_EQ(log.floor(), Offset{101});
  EXPECT_LE(log.bytes(), 10'000U);
}

TEST_F(ChannelLogTest, DropsWhatIsTooOldTogetherWithCoversBeforeIt) {
  append(101, nullptr);
  append(102, publication(1'000));
  append(103, publication(5'000));
  EXPECT_EQ(log.next_expiry(), wall_from_ms(11'000));
  EXPECT_FALSE(log.enforce(wall_from_ms(10'999), Offset{103}));
  EXPECT_TRUE(log.enforce(wall_from_ms(11'000), Offset{103}));
  EXPECT_EQ(log.floor(), Offset{102});
  EXPECT_EQ(log.next_expiry(), wall_from_ms(15'000));
}

TEST_F(ChannelLogTest, KeepsWhatReadersWhoKeepPaceAreStillToGet) {
  for (std::uint64_t offset = 101; offset <= 110; ++offset) append(offset, publication(1));
  log.enforce(wall_from_ms(1), Offset{104});
  EXPECT_EQ(log.floor(), Offset{104});
  EXPECT_EQ(log.publication_count(), 6U);
}

TEST_F(ChannelLogTest, KeepsSignalsThatAreTooOldForNobody) {
  log = ChannelLog(HistoryLimits{0, 0, std::chrono::seconds(5)}, ChannelKind::Signal);
  log.restart(epoch("a"), Offset{100});
  append(101, publication(1'000));
  append(102, nullptr);
  append(103, publication(3'000));
  EXPECT_FALSE(log.enforce(wall_from_ms(5'999), Offset{100}));
  EXPECT_TRUE(log.enforce(wall_from_ms(6'000), Offset{100}));
  EXPECT_EQ(log.floor(), Offset{101});
  EXPECT_TRUE(log.enforce(wall_from_ms(6'000), Offset{103})) << "and no other once it was read";
  EXPECT_EQ(log.floor(), Offset{103});
}

TEST_F(ChannelLogTest, ButNoMoreThanTheLimitForThoseWhoLag) {
  HistoryLimits large;
  large.bytes = 50'000'000;
  large.count = 20'000;  // what is kept for them comes on top of it
  log = ChannelLog(large, ChannelKind::Log);
  log.restart(epoch("a"), Offset{100});
  for (std::uint64_t n = 0; n < large.count + limits::mirror_lag_entries_max + 100; ++n) {
    append(101 + n, publication(1, 1));
  }
  log.enforce(wall_from_ms(1), Offset{100});
  EXPECT_EQ(log.size(), large.count + limits::mirror_lag_entries_max);
}

TEST_F(ChannelLogTest, NorMoreBytesThanTheLimitForThoseWhoLag) {
  const std::size_t count =
      3 * limits::mirror_lag_bytes_max / limits::publication_payload_bytes_max;
  for (std::uint64_t n = 0; n < count; ++n) {
    append(101 + n, publication(1, limits::publication_payload_bytes_max));
  }
  log.enforce(wall_from_ms(1), Offset{100});
  EXPECT_LE(log.bytes(), 10'000 + limits::mirror_lag_bytes_max);
  EXPECT_GT(log.bytes(), limits::mirror_lag_bytes_max / 2);
}

TEST_F(ChannelLogTest, RestartIsAnotherStream) {
  append(101, publication(1));
  log.restart(epoch("b"), Offset{7});
  EXPECT_EQ(log.position(), (StreamPosition{epoch("b"), Offset{7}}));
  EXPECT_EQ(log.size(), 0U);
  EXPECT_EQ(log.bytes(), 0U);
  EXPECT_EQ(log.next_expiry(), std::nullopt);
}

}  // namespace
}  // namespace tidegate::relay
