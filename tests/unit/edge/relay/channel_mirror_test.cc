// How a reader of records who was away is brought on: by the publications since, by the records
// that changed, or by all of them, whichever is the fewest bytes.
#include <gtest/gtest.h>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

class CatchUpTest : public testing::Test {
 protected:
  void write(Operation what, const std::string& key, const std::string& json) {
    EXPECT_TRUE(world.answer(world.publish("state:a", operation(what, key, json))).ok());
  }
  void set(const std::string& key, const std::string& json) { write(Operation::Set, key, json); }
  void erase(const std::string& key) { write(Operation::Delete, key, {}); }
  /// More than is kept.
  void make_history() {
    for (int i = 0; i < 20; ++i) set("busy", std::to_string(i));
  }
  /// The position of a reader that has everything.
  StreamPosition here() {
    TestClient& reader = world.connect();
    reader.subscribe("state:a");
    const auto epoch = reader.last<SubscribedFrame>().start.epoch;
    reader.disconnect();
    return {epoch, reader.last<HeardBlock>().range.offset};
  }
  RelayWorld world{2};
};

TEST_F(CatchUpTest, WhoWasAwayGetsTheFewestBytes) {
  set("quiet", R"("as it was")");
  const StreamPosition left = here();
  set("one", "1");
  TestClient& soon = world.connect(0, "soon");
  soon.subscribe("state:a", left);
  EXPECT_EQ(soon.last<SubscribedFrame>().catch_up, CatchUp::Replay);
  make_history();
  erase("one");
  TestClient& later = world.connect(1, "later");
  later.subscribe("state:a", left);
  const auto answer = later.last<SubscribedFrame>();
  EXPECT_EQ(answer.outcome, SubscribeOutcome::Recovered);
  EXPECT_EQ(answer.catch_up, CatchUp::Changes);
  EXPECT_EQ(later.all<HeardBlock>().size(), 1U);
  EXPECT_EQ(later.records(), "busy=19") << "the record that did not change is not sent again";
}

TEST_F(CatchUpTest, WhereMostIsGoneAllRecordsAreTheFewestBytes) {
  set("kept", "1");
  const StreamPosition left = here();
  for (int i = 0; i < 20; ++i) {
    set("k" + std::to_string(i), "1");
    erase("k" + std::to_string(i));
  }
  TestClient& back = world.connect();
  back.subscribe("state:a", left);
  EXPECT_EQ(back.last<SubscribedFrame>().outcome, SubscribeOutcome::Recovered);
  EXPECT_EQ(back.last<SubscribedFrame>().catch_up, CatchUp::Records);
  EXPECT_TRUE(back.last<HeardBlock>().shape.sweep);
  EXPECT_EQ(back.records(), "kept=1") << "and not that twenty others are gone";
}

TEST_F(CatchUpTest, ASmallMergeOfALargeRecordIsReplayed) {
  set("large", R"({"text":")" + std::string(8000, 't') + R"("})");
  const StreamPosition left = here();
  write(Operation::Merge, "large", R"({"set":{"n":1}})");
  TestClient& back = world.connect();
  back.subscribe("state:a", left);
  EXPECT_EQ(back.last<SubscribedFrame>().catch_up, CatchUp::Replay) << "its record is larger";
}

}  // namespace
}  // namespace tidegate::relay
