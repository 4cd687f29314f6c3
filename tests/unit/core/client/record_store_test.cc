// The records by themselves: versions, ranges, merges, the running digest, and what they take.
#include "core/client/record_store.h"

#include <gtest/gtest.h>

#include "core/base/prng.h"
#include "core/merge/record_digest.h"

namespace tidegate::testing {
namespace {

using Keys = std::vector<std::string>;

class RecordStoreTest : public ::testing::Test {
 protected:
  void set(std::string_view key, std::uint64_t version, std::string_view json = "{}") {
    store.set(key, Offset{version}, PayloadKind::Json, as_bytes(json));
  }
  std::string text(std::string_view key) const {
    const auto record = store.find(key);
    return record ? std::string(as_text(record->payload)) : "-";
  }
  Keys keys() const {
    Keys all;
    for (auto at = store.next_after(""); at; at = store.next_after(all.back())) {
      all.emplace_back(at->key);
    }
    return all;
  }
  std::uint64_t digest_anew() const {
    std::uint64_t sum = 0;
    for (const std::string& key : keys()) {
      const RecordView record = *store.find(key);
      sum += record_digest(key, record.payload_kind, record.payload);
    }
    return sum;
  }
  RecordUse use;
  RecordStore store{use};
};

TEST_F(RecordStoreTest, OnlyAHigherVersionIsNews) {
  EXPECT_TRUE(store.is_news("a", Offset{1}));
  set("a", 5, R"({"x":1})");
  EXPECT_FALSE(store.is_news("a", Offset{4}));
  EXPECT_FALSE(store.is_news("a", Offset{5}));
  EXPECT_TRUE(store.is_news("a", Offset{6}));
  EXPECT_EQ(store.newest(), Offset{5});
}

TEST_F(RecordStoreTest, ARememberedDeleteIsAVersionToo) {
  set("a", 5);
  store.erase("a", Offset{9});
  store.remember_delete("a", Offset{9});
  EXPECT_EQ(text("a"), "-");
  EXPECT_FALSE(store.is_news("a", Offset{8}));
  EXPECT_TRUE(store.is_news("a", Offset{10}));
  store.forget_deletes(Offset{8});
  EXPECT_EQ(store.deletes_remembered(), 1U);
  store.forget_deletes(Offset{9});
  EXPECT_EQ(store.deletes_remembered(), 0U);
  EXPECT_EQ(store.newest(), Offset{9});
}

TEST_F(RecordStoreTest, KeysStandInTheOrderOfTheirBytes) {
  for (const char* key : {"b", "a", "\xC3\xA9", "ab", "B"}) set(key, 1);
  EXPECT_EQ(keys(), (Keys{"B", "a", "ab", "b", "\xC3\xA9"}));
}

TEST_F(RecordStoreTest, AMergeGoesIntoWhatIsHeldOrIntoNothing) {
  set("a", 1, R"({"x":1,"y":2})");
  EXPECT_TRUE(store.merge("a", Offset{2}, R"({"set":{"x":9,"z":3},"unset":["y"]})"));
  EXPECT_EQ(text("a"), R"({"x":9,"z":3})");
  EXPECT_TRUE(store.merge("new", Offset{3}, R"({"set":{"x":1}})"));
  EXPECT_EQ(text("new"), R"({"x":1})");
}

TEST_F(RecordStoreTest, AMergeIntoAnotherStreamsRecordBeginsWithNothing) {
  set("a", 1, R"({"x":1,"y":2})");
  store.forget_versions();
  EXPECT_TRUE(store.merge("a", Offset{1}, R"({"set":{"x":9}})"));
  EXPECT_EQ(text("a"), R"({"x":9})");
}

TEST_F(RecordStoreTest, WhatCannotBeMergedStaysAsItIs) {
  store.set("bytes", Offset{1}, PayloadKind::Binary, as_bytes("\x01\x02"));
  set("list", 1, "[1]");
  set("a", 1, R"({"x":1})");
  EXPECT_FALSE(store.merge("bytes", Offset{2}, R"({"set":{}})"));
  EXPECT_FALSE(store.merge("list", Offset{2}, R"({"set":{}})"));
  EXPECT_FALSE(store.merge("a", Offset{2}, R"({"sets":{}})"));
  EXPECT_EQ(text("list"), "[1]");
  EXPECT_EQ(store.find("a")->version, Offset{1});
}

TEST_F(RecordStoreTest, ASweepRemovesWhatIsInItsRangeAndNotNewer) {
  for (const char* key : {"a", "b", "c", "d", "e"}) set(key, 5);
  set("bb", 8);
  EXPECT_EQ(store.sweep({"a", "d"}, Offset{7}, {"c", "cc"}), (Keys{"b", "d"}));
  EXPECT_EQ(keys(), (Keys{"a", "bb", "c", "e"}));
  EXPECT_EQ(store.sweep({"c", ""}, Offset{7}, {}), (Keys{"e"}));
  EXPECT_EQ(store.sweep({"", "a"}, Offset{7}, {}), (Keys{"a"}));
  EXPECT_EQ(store.clear(), (Keys{"bb", "c"}));
}

TEST_F(RecordStoreTest, WhatASweepFoundAbsentTakesNothingOfBefore) {
  set("b", 5);
  EXPECT_EQ(store.sweep({"", "m"}, Offset{9}, {"b"}), Keys());
  EXPECT_EQ(store.newest(), Offset{9});
  EXPECT_TRUE(store.is_news("b", Offset{6})) << "it is there, with its version";
  EXPECT_FALSE(store.is_news("a", Offset{9}));
  EXPECT_FALSE(store.is_news("m", Offset{9}));
  EXPECT_TRUE(store.is_news("m", Offset{10}));
  EXPECT_TRUE(store.is_news("n", Offset{1})) << "that page was not read";
  (void)store.sweep({"m", ""}, Offset{12}, {});
  EXPECT_FALSE(store.is_news("n", Offset{12}));
  store.forget_deletes(Offset{11});
  EXPECT_FALSE(store.is_news("a", Offset{9}));
  store.forget_deletes(Offset{12});
  EXPECT_TRUE(store.is_news("a", Offset{1}));
}

TEST_F(RecordStoreTest, AnOlderReadingTakesNothingBack) {
  (void)store.sweep({"", "m"}, Offset{9}, {});
  (void)store.sweep({"m", ""}, Offset{20}, {});
  (void)store.sweep({"", "f"}, Offset{7}, {});  // by a relay that lags behind
  EXPECT_FALSE(store.is_news("a", Offset{9}));
  (void)store.sweep({"f", "p"}, Offset{8}, {});  // half of it was read at 9 and half at 20
  EXPECT_FALSE(store.is_news("g", Offset{9}));
  EXPECT_FALSE(store.is_news("n", Offset{20}));
  EXPECT_TRUE(store.is_news("n", Offset{21}));
  EXPECT_FALSE(store.is_news("q", Offset{20}));
  (void)store.sweep({"c", "d"}, Offset{30}, {});
  EXPECT_TRUE(store.is_news("c", Offset{10}));
  EXPECT_FALSE(store.is_news("d", Offset{30}));
  EXPECT_TRUE(store.is_news("e", Offset{10}));
}

TEST_F(RecordStoreTest, AReadingRaisesWhatWasReadEarlierAndNothingElse) {
  (void)store.sweep({"", "m"}, Offset{9}, {});
  (void)store.sweep({"m", "p"}, Offset{20}, {});
  (void)store.sweep({}, Offset{15}, {});  // one sweep over both
  EXPECT_FALSE(store.is_news("a", Offset{15}));
  EXPECT_FALSE(store.is_news("n", Offset{20}));
  EXPECT_TRUE(store.is_news("n", Offset{21}));
  EXPECT_FALSE(store.is_news("q", Offset{15}));
  EXPECT_TRUE(store.is_news("q", Offset{16}));
}

TEST_F(RecordStoreTest, AReadingBeginsWhereItSays) {
  (void)store.sweep({"k", "m"}, Offset{9}, {});
  EXPECT_TRUE(store.is_news("k", Offset{1})) << "never read";
  EXPECT_FALSE(store.is_news("l", Offset{9}));
}

TEST_F(RecordStoreTest, ForgottenVersionsAreReplacedAndSweptByAnything) {
  set("a", 500, R"({"x":1})");
  store.erase("b", Offset{501});
  store.remember_delete("b", Offset{501});
  store.forget_versions();
  EXPECT_EQ(text("a"), R"({"x":1})") << "still to be seen";
  EXPECT_TRUE(store.is_news("a", Offset{1}));
  EXPECT_TRUE(store.is_news("b", Offset{1}));
  EXPECT_EQ(store.newest(), Offset{});
  EXPECT_EQ(store.sweep({}, Offset{1}, {}), (Keys{"a"}));
}

TEST_F(RecordStoreTest, TheDigestIsThatOfTheRecordsWhateverHasHappened) {
  Prng prng(7);
  for (int step = 0; step < 3'000; ++step) {
    const std::string key = "k" + std::to_string(prng.below(12));
    const std::string value = R"({"v":)" + std::to_string(prng.below(50)) + "}";
    const auto version = static_cast<std::uint64_t>(step + 1);
    switch (prng.below(7)) {
      case 0:
        store.erase(key, Offset{version});
        break;
      case 1:
        (void)store.merge(key, Offset{version}, R"({"set":)" + value + "}");
        break;
      case 2:
        (void)store.sweep({key, "k99"}, Offset{version}, {});
        break;
      case 3:
        ASSERT_EQ(store.digest(), digest_anew()) << "step " << step;
        break;
      default:
        set(key, version, value);
    }
  }
  EXPECT_EQ(store.digest(), digest_anew());
  store.clear();
  EXPECT_EQ(store.digest(), 0U);
}

TEST_F(RecordStoreTest, WhatItTakesIsCountedAndGivenBack) {
  set("abc", 1, R"({"x":1})");
  EXPECT_EQ(use.entries, 1U);
  EXPECT_EQ(use.bytes, 3 + 7U);
  set("abc", 2, "{}");
  EXPECT_EQ(use.bytes, 3 + 2U);
  {
    RecordStore other(use);
    other.set("d", Offset{1}, PayloadKind::Binary, as_bytes("1234"));
    other.remember_delete("ee", Offset{2});
    other.remember_delete("ee", Offset{3});
    EXPECT_EQ(use.entries, 3U);
    EXPECT_EQ(use.bytes, 5 + 5 + 2U);
  }
  EXPECT_EQ(use.entries, 1U);
  store.erase("abc", Offset{3});
  EXPECT_EQ(use.entries, 0U);
  EXPECT_EQ(use.bytes, 0U);
}

}  // namespace
}  // namespace tidegate::testing
