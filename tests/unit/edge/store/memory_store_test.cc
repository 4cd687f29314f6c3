// The memory store as the relay sees it: conditional appends, reading, trimming, release.
#include "edge/store/memory_store.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate::store {
namespace {

class MemoryStoreTest : public testing::Test {
 protected:
  relay::ChannelKeyPtr key = std::make_shared<const relay::ChannelKey>(
      relay::ChannelKey{"t", ChannelName::parse("a:b").value()});
  relay::AppendResult append(std::size_t count, StreamPosition expected_top) {
    relay::StoreAppend request;
    request.key = key;
    request.expected_top = expected_top;
    for (std::size_t n = 0; n < count; ++n) {
      auto record = std::make_shared<relay::LogRecord>();
      record->id.sequence = ++sequence;
      request.records.push_back(record);
    }
    return store.append(request);
  }
  Result<relay::StoreReadResult> read(StreamPosition after, std::size_t max = 100) {
    return store.read(relay::StoreRead{relay::EffectId::None, key, after, max});
  }
  void trim(Offset floor) { store.trim(relay::StoreTrim{key, floor, {}, {}, {}}); }
  MemoryStore store{42};
  std::uint64_t sequence = 0;
};

TEST_F(MemoryStoreTest, OpensAStreamOnceAndKeepsItsEpoch) {
  const auto opened = store.open(*key);
  EXPECT_FALSE(opened->top.epoch.empty());
  EXPECT_EQ(opened->top.offset, Offset{});
  EXPECT_EQ(store.open(*key)->top, opened->top);
  const relay::ChannelKey other{"u", key->channel};
  EXPECT_NE(store.open(other)->top.epoch, opened->top.epoch);
  EXPECT_NE(MemoryStore(43).open(*key)->top.epoch, opened->top.epoch) << "another process";
}

TEST_F(MemoryStoreTest, AppendsInOrderAndOnlyAtTheExpectedTop) {
  StreamPosition top = store.open(*key)->top;
  const auto first = append(2, top);
  ASSERT_TRUE(std::holds_alternative<relay::AppendDurable>(first));
  EXPECT_EQ(std::get<relay::AppendDurable>(first).ranges,
            (std::vector<StreamRange>{{Offset{0}, Offset{1}}, {Offset{1}, Offset{2}}}));
  EXPECT_TRUE(std::holds_alternative<relay::AppendUnknown>(append(1, top)));
  top.offset = Offset{2};
  const StreamPosition elsewhere{Epoch::parse("x").value(), Offset{2}};
  EXPECT_TRUE(std::holds_alternative<relay::AppendUnknown>(append(1, elsewhere)));
  EXPECT_TRUE(std::holds_alternative<relay::AppendDurable>(append(1, top)));
  EXPECT_EQ(store.open(*key)->top.offset, Offset{3});
}

TEST_F(MemoryStoreTest, AStreamThatWasNotOpenedTakesNothing) {
  EXPECT_TRUE(std::holds_alternative<relay::AppendUnknown>(append(1, {})));
  EXPECT_FALSE(read({}).ok());
}

TEST_F(MemoryStoreTest, ReadsAfterAPositionUpToAMaximum) {
  StreamPosition position = store.open(*key)->top;
  append(10, position);
  position.offset = Offset{4};
  const auto found = read(position, 3);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->top.offset, Offset{10});
  ASSERT_EQ(found->records.size(), 3U);
  EXPECT_EQ(found->records[0].range, (StreamRange{Offset{4}, Offset{5}}));
  EXPECT_EQ(found->records[0].record->id.sequence, 5U);
  position.offset = Offset{10};
  EXPECT_TRUE(read(position)->records.empty());
}

TEST_F(MemoryStoreTest, AReaderOfAnotherEpochIsShownTheEpochAndNoRecords) {
  append(1, store.open(*key)->top);
  const auto found = read({Epoch::parse("other").value(), Offset{0}});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->top, store.open(*key)->top);
  EXPECT_TRUE(found->records.empty());
}

TEST_F(MemoryStoreTest, TrimMovesTheFloorAndReadingBelowItFails) {
  StreamPosition position = store.open(*key)->top;
  append(10, position);
  trim(Offset{4});
  EXPECT_EQ(store.open(*key)->floor, Offset{4});
  EXPECT_FALSE(read({position.epoch, Offset{3}}).ok());
  EXPECT_EQ(read({position.epoch, Offset{4}})->records.size(), 6U);
  trim(Offset{10});
  EXPECT_EQ(store.open(*key)->top.offset, Offset{10}) << "offsets go on";
}

TEST_F(MemoryStoreTest, OfReleasedStreamsTheLongestIdleAreForgotten) {
  const auto key_of = [](std::size_t n) {
    return relay::ChannelKey{"t", ChannelName::parse("a:" + std::to_string(n)).value()};
  };
  std::vector<Epoch> epochs;
  const std::size_t count = limits::idle_streams_in_memory_max + 10;
  for (std::size_t n = 0; n < count; ++n) {
    key = std::make_shared<const relay::ChannelKey>(key_of(n));
    const StreamPosition top = store.open(*key)->top;
    epochs.push_back(top.epoch);
    append(1, top);
    trim(Offset{1});
    store.release(*key);
    if (n == 5) {
      ASSERT_TRUE(store.open(*key).ok());  // in use again: it counts no longer
    }
  }
  EXPECT_EQ(store.size(), limits::idle_streams_in_memory_max + 1);
  const relay::StoreOpened first = *store.open(key_of(0));
  EXPECT_NE(first.top.epoch, epochs[0]) << "another stream: no offset is given twice";
  EXPECT_EQ(first.top.offset, Offset{});
  EXPECT_EQ(store.open(key_of(5))->top.epoch, epochs[5]);
  EXPECT_EQ(store.open(key_of(count - 1))->top, (StreamPosition{epochs[count - 1], Offset{1}}));
}

TEST_F(MemoryStoreTest, TheLatestSourceVersionOutlivesTheLogAndARelease) {
  append(2, store.open(*key)->top);
  EXPECT_EQ(store.open(*key)->source_version, std::nullopt);
  store.trim(relay::StoreTrim{key, Offset{2}, {}, {}, {}, SourceVersion{"e", 7}});
  store.release(*key);
  EXPECT_EQ(store.open(*key)->source_version, (SourceVersion{"e", 7}));
}

TEST_F(MemoryStoreTest, ReleaseForgetsOnlyAStreamThatNeverHeldARecord) {
  const Epoch empty = store.open(*key)->top.epoch;
  store.release(*key);
  const StreamPosition top = store.open(*key)->top;
  EXPECT_NE(top.epoch, empty);
  append(1, top);
  trim(Offset{1});
  store.release(*key);
  EXPECT_EQ(store.open(*key)->top, (StreamPosition{top.epoch, Offset{1}}));
}

}  // namespace
}  // namespace tidegate::store
