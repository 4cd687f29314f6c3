// What was refused under an idempotency key stays refused: a sending that comes late, over a
// connection given up long ago, finds the record as it is by then, and must not undo what its
// publisher was told meanwhile. (Found by the simulator: seed 4011 of b2d5bc6.)
#include <gtest/gtest.h>

#include "edge/relay/apply.h"
#include "edge/relay/publish_record.h"
#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

PublicationDraft operation(Operation operation, const std::string& payload,
                           const std::string& key = "") {
  PublicationDraft made = draft(payload, key);
  made.operation = operation;
  made.key = "r";
  return made;
}

class RefusedAgainTest : public testing::Test {
 protected:
  RefusedAgainTest()
      : log(HistoryLimits{}, ChannelKind::State), window(8, std::chrono::seconds(10), 99) {
    log.collect_dropped();
    log.restart(Epoch::parse("e1").value(), Offset{});
  }
  Verdict apply_draft(PublicationDraft made, std::int64_t time_ms = 0, RecordLimits limits = {}) {
    const LogRecordPtr record = make_record(wall_from_ms(time_ms), "p", std::move(made), limits);
    records.push_back(record);
    return apply(*record, {log.top(), Offset{log.top().value + 1}}, log, window);
  }
  void expect_accepted(PublicationDraft made) {
    EXPECT_TRUE(std::holds_alternative<Accepted>(apply_draft(std::move(made))));
  }
  static void expect_refused(const Verdict& verdict, ErrorCode code) {
    const auto* refused = std::get_if<Refused>(&verdict);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->error.code, code) << refused->error.message;
  }
  std::string record() const {
    const RecordMap::Node* node = log.records().find("r");
    return node != nullptr && node->exists() ? std::string(as_text(node->record->payload)) : "";
  }

  ChannelLog log;
  IdempotencyWindow window;
  std::vector<LogRecordPtr> records;
  PublicationDraft merge = operation(Operation::Merge, R"({"set":{"a":1}})", "k");
};

TEST_F(RefusedAgainTest, AMergeThatHadNothingToMergeInto) {
  expect_accepted(operation(Operation::Set, "7"));
  expect_refused(apply_draft(merge), ErrorCode::InvalidPayload);
  expect_accepted(operation(Operation::Set, R"({"a":0})"));
  expect_refused(apply_draft(merge), ErrorCode::InvalidPayload);
  EXPECT_EQ(record(), R"({"a":0})");
  EXPECT_EQ(log.top(), Offset{4}) << "with a place of its own, as a cover";
}

TEST_F(RefusedAgainTest, ARecordThatWasOneTooMany) {
  const RecordLimits one{1, 1000};
  PublicationDraft other = operation(Operation::Set, "1");
  other.key = "other";
  EXPECT_TRUE(std::holds_alternative<Accepted>(apply_draft(other, 0, one)));
  const PublicationDraft set = operation(Operation::Set, "2", "k");
  expect_refused(apply_draft(set, 0, one), ErrorCode::LimitExceeded);
  other.operation = Operation::Delete;
  other.payload.clear();
  expect_accepted(other);
  expect_refused(apply_draft(set, 0, one), ErrorCode::LimitExceeded);
  expect_accepted(operation(Operation::Set, "2", "a new key"));
}

TEST_F(RefusedAgainTest, AConditionThatWasNotMet) {
  expect_accepted(operation(Operation::Set, "1"));
  PublicationDraft create = operation(Operation::Set, "2", "k");
  create.if_version = Offset{};
  EXPECT_TRUE(std::holds_alternative<Conflict>(apply_draft(create)));
  EXPECT_TRUE(std::holds_alternative<Conflict>(apply_draft(create))) << "with the record as it is";
  expect_accepted(operation(Operation::Delete, ""));
  expect_refused(apply_draft(create), ErrorCode::VersionMismatch);
  EXPECT_EQ(record(), "");
}

TEST_F(RefusedAgainTest, ACountThatWasBehind) {
  PublicationDraft counted = operation(Operation::Set, "2", "k");
  counted.source_version = SourceVersion{"", 2};
  PublicationDraft newer = operation(Operation::Delete, "");
  newer.source_version = SourceVersion{"", 3};
  expect_accepted(newer);
  EXPECT_TRUE(std::holds_alternative<Stale>(apply_draft(counted)));
  log.load_records({}, log.top());  // the delete is forgotten, and its count with it
  EXPECT_TRUE(std::holds_alternative<Stale>(apply_draft(counted)));
  EXPECT_EQ(record(), "");
}

TEST_F(RefusedAgainTest, ButNotUnderOtherConditions) {
  expect_accepted(operation(Operation::Set, "1"));
  PublicationDraft create = operation(Operation::Set, "2", "k");
  create.if_version = Offset{};
  EXPECT_TRUE(std::holds_alternative<Conflict>(apply_draft(create)));
  create.if_version = Offset{1};
  expect_accepted(create);
  EXPECT_EQ(record(), "2");
  create.if_version = Offset{};
  EXPECT_TRUE(std::holds_alternative<DuplicateOf>(apply_draft(create))) << "accepted is accepted";
}

TEST_F(RefusedAgainTest, ButNotAnotherPublication) {
  expect_accepted(operation(Operation::Set, "7"));
  expect_refused(apply_draft(merge), ErrorCode::InvalidPayload);
  expect_accepted(operation(Operation::Set, "8", "k"));
  expect_refused(apply_draft(merge), ErrorCode::IdempotencyConflict);
}

TEST_F(RefusedAgainTest, ButNotBeyondTheWindow) {
  expect_accepted(operation(Operation::Set, "7"));
  expect_refused(apply_draft(merge), ErrorCode::InvalidPayload);
  expect_accepted(operation(Operation::Set, "{}"));
  expect_refused(apply_draft(merge, 10'000), ErrorCode::InvalidPayload);
  EXPECT_TRUE(std::holds_alternative<Accepted>(apply_draft(merge, 10'001)))
      << "the window counts from the first answer";
}

TEST_F(RefusedAgainTest, ButNotByItsEventId) {
  merge.idempotency_key.clear();
  merge.event_id = "e";
  expect_accepted(operation(Operation::Set, "7"));
  expect_refused(apply_draft(merge), ErrorCode::InvalidPayload);
  expect_accepted(operation(Operation::Set, "{}"));
  expect_accepted(merge);
}

TEST_F(RefusedAgainTest, AlsoAfterItWasTrimmedAndTheRelayStartedAnew) {
  expect_accepted(operation(Operation::Set, "7"));
  expect_refused(apply_draft(merge), ErrorCode::InvalidPayload);
  expect_accepted(operation(Operation::Set, R"({"a":0})", "k2"));
  log.set_limits(HistoryLimits{0});
  ASSERT_TRUE(log.enforce(wall_from_ms(0), log.top()));
  const ChannelLog::Dropped dropped = log.take_dropped();
  ASSERT_EQ(dropped.remembered.size(), 2U);

  window.clear();
  for (const RememberedPlace& place : dropped.remembered) {
    remember(remembered_keys(*records.at(place.offset.value - 1), place), window);
  }
  expect_refused(apply_draft(merge), ErrorCode::InvalidPayload);
  const Verdict again = apply_draft(operation(Operation::Set, R"({"a":0})", "k2"));
  ASSERT_TRUE(std::holds_alternative<DuplicateOf>(again));
  EXPECT_EQ(std::get<DuplicateOf>(again).original, Offset{3});
}

}  // namespace
}  // namespace tidegate::relay
