// Which deletes are remembered: by their number alone, so that a process that loads what a store
// has kept goes on forgetting exactly as the one before it did, and judges what stands behind the
// floor alike (what a publisher counted is known as long as the delete that said so). Found by the
// simulator: seed 1515 of 1307f1f, once it let publishers count where few deletes are remembered.
#include "edge/relay/record_map.h"

#include <gtest/gtest.h>

#include "edge/relay/apply.h"
#include "edge/relay/publish_record.h"
#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

PublicationPtr change(const std::string& key, Operation operation) {
  auto made = std::make_shared<Publication>();
  made->key = key;
  made->operation = operation;
  return made;
}

TEST(RecordMap, SoManyDeletesAreRemembered) {
  RecordMap records(2);
  records.put(Offset{1}, change("a", Operation::Delete));
  records.put(Offset{2}, change("b", Operation::Delete));
  EXPECT_EQ(records.changes_floor(), Offset{});
  records.put(Offset{3}, change("c", Operation::Delete));
  EXPECT_EQ(records.tombstones(), 2U);
  EXPECT_EQ(records.changes_floor(), Offset{1});
  EXPECT_EQ(records.find("a"), nullptr);
}

TEST(RecordMap, HoweverOftenOthersWereDeletedAndSetAgain) {
  RecordMap records(2);
  records.put(Offset{1}, change("a", Operation::Delete));
  for (std::uint64_t at = 2; at < 50; at += 2) {
    records.put(Offset{at}, change("b", Operation::Delete));
    records.put(Offset{at + 1}, change("b", Operation::Set));
  }
  EXPECT_NE(records.find("a"), nullptr);
  EXPECT_EQ(records.changes_floor(), Offset{});

  RecordMap loaded(2);
  loaded.load(records.versions(), records.changes_floor());
  EXPECT_EQ(loaded.tombstones(), records.tombstones());
}

TEST(RecordMap, AStoreForgetsWhatWasForgottenAtTheFloorAndNothingMore) {
  HistoryLimits limits;
  limits.deletes = 1;
  ChannelLog log(limits, ChannelKind::State);
  log.restart(Epoch::parse("e1").value(), Offset{});
  const auto append = [&](const std::string& key, Operation operation) {
    const PublicationPtr made = change(key, operation);
    const StreamRange range{log.top(), Offset{log.top().value + 1}};
    log.append({range, made, nullptr, operation == Operation::Set ? made : nullptr});
  };
  append("a", Operation::Delete);  // 1
  append("b", Operation::Set);
  append("c", Operation::Delete);  // 3: the first is forgotten
  append("d", Operation::Delete);  // 4: the second, too
  EXPECT_EQ(log.records().changes_floor(), Offset{3});
  const auto trim_to = [&](std::uint32_t count) {
    limits.count = count;
    log.set_limits(limits);
    log.enforce(wall_from_ms(0), log.top());
    return log.floor_changes_floor();
  };
  EXPECT_EQ(log.floor_changes_floor(), Offset{});
  EXPECT_EQ(trim_to(2), Offset{}) << "at 2 the first was remembered: 3 and 4 were judged by it";
  EXPECT_EQ(trim_to(1), Offset{1});
  EXPECT_EQ(trim_to(0), Offset{3});
}

}  // namespace
}  // namespace tidegate::relay
