// Apply and its idempotency window: who is accepted, who is a duplicate, who is refused.
#include "edge/relay/apply.h"

#include <gtest/gtest.h>

#include "edge/relay/publish_record.h"
#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

class ApplyTest : public testing::Test {
 protected:
  ApplyTest() : log(HistoryLimits{}, ChannelKind::Log), window(4, std::chrono::seconds(10), 99) {
    log.restart(Epoch::parse("e1").value(), Offset{});
  }
  Verdict apply_draft(PublicationDraft made, std::int64_t time_ms = 0,
                      const std::string& producer = "p") {
    const LogRecordPtr record = make_record(wall_from_ms(time_ms), producer, std::move(made));
    return apply(*record, {log.top(), Offset{log.top().value + 1}}, log, window);
  }
  ChannelLog log;
  IdempotencyWindow window;
};

bool accepted(const Verdict& verdict) { return std::holds_alternative<Accepted>(verdict); }
ErrorCode refusal(const Verdict& verdict) {
  const auto* refused = std::get_if<Refused>(&verdict);
  return refused == nullptr ? ErrorCode::Internal : refused->error.code;
}
Offset original(const Verdict& verdict) {
  const auto* duplicate = std::get_if<DuplicateOf>(&verdict);
  return duplicate == nullptr ? Offset{} : duplicate->original;
}

TEST_F(ApplyTest, AKeyUsedAgainWithTheSamePublicationIsADuplicateOfTheFirst) {
  EXPECT_TRUE(accepted(apply_draft(draft("1", "k"))));
  EXPECT_TRUE(accepted(apply_draft(draft("2", "other"))));
  EXPECT_EQ(original(apply_draft(draft("1", "k"))), Offset{1});
  EXPECT_EQ(log.publication_count(), 2U);
  EXPECT_EQ(log.top(), Offset{3}) << "the duplicate has its place, as a cover";
}

TEST_F(ApplyTest, AKeyUsedAgainWithAnotherPublicationIsAConflict) {
  EXPECT_TRUE(accepted(apply_draft(draft("1", "k"))));
  EXPECT_EQ(refusal(apply_draft(draft("2", "k"))), ErrorCode::IdempotencyConflict);
  EXPECT_EQ(log.publication_count(), 1U);
}

TEST_F(ApplyTest, KeysBelongToTheirProducer) {
  EXPECT_TRUE(accepted(apply_draft(draft("1", "k"), 0, "p")));
  EXPECT_TRUE(accepted(apply_draft(draft("2", "k"), 0, "q")));
}

TEST_F(ApplyTest, AnEventIdIsDeduplicatedToo) {
  PublicationDraft with_id = draft("1");
  with_id.event_id = "ev-1";
  EXPECT_TRUE(accepted(apply_draft(with_id)));
  EXPECT_EQ(original(apply_draft(with_id)), Offset{1});
  with_id.idempotency_key = "another-key";
  EXPECT_EQ(original(apply_draft(with_id)), Offset{1});
}

TEST_F(ApplyTest, AnEventIdIsNotAKey) {
  PublicationDraft with_id = draft("1");
  with_id.event_id = "same";
  EXPECT_TRUE(accepted(apply_draft(with_id)));
  EXPECT_TRUE(accepted(apply_draft(draft("2", "same"))));
}

TEST_F(ApplyTest, WithoutKeyAndIdEveryPublishIsNew) {
  EXPECT_TRUE(accepted(apply_draft(draft("1"))));
  EXPECT_TRUE(accepted(apply_draft(draft("1"))));
  EXPECT_EQ(window.size(), 0U);
}

TEST_F(ApplyTest, IfEpochIsJudgedAgainstTheStreamsEpoch) {
  PublicationDraft expecting = draft("1");
  expecting.if_epoch = Epoch::parse("e1").value();
  EXPECT_TRUE(accepted(apply_draft(expecting)));
  expecting.if_epoch = Epoch::parse("e0").value();
  EXPECT_EQ(refusal(apply_draft(expecting)), ErrorCode::EpochMismatch);
  EXPECT_EQ(log.publication_count(), 1U);
}

TEST_F(ApplyTest, ARefusedRecordDoesNotUseUpItsKey) {
  PublicationDraft expecting = draft("1", "k");
  expecting.if_epoch = Epoch::parse("e0").value();
  EXPECT_EQ(refusal(apply_draft(expecting)), ErrorCode::EpochMismatch);
  EXPECT_TRUE(accepted(apply_draft(draft("1", "k"))));
}

TEST_F(ApplyTest, AgeIsMeasuredByTheRecordsOwnTimes) {
  EXPECT_TRUE(accepted(apply_draft(draft("1", "k"), 1'000)));
  EXPECT_EQ(original(apply_draft(draft("1", "k"), 11'000)), Offset{1});
  EXPECT_TRUE(accepted(apply_draft(draft("1", "k"), 11'001)));
  EXPECT_EQ(original(apply_draft(draft("1", "k"), 12'000)), Offset{3});
}

TEST_F(ApplyTest, TheWindowForgetsTheOldestOverItsEntries) {
  for (int n = 0; n < 5; ++n) {
    EXPECT_TRUE(accepted(apply_draft(draft("1", "k" + std::to_string(n)), n)));
  }
  EXPECT_EQ(window.size(), 4U);
  EXPECT_TRUE(accepted(apply_draft(draft("1", "k0"), 5)));
  EXPECT_EQ(original(apply_draft(draft("1", "k4"), 5)), Offset{5});
}

TEST_F(ApplyTest, TheWindowIsStaleOnceNothingInItCanMatter) {
  EXPECT_TRUE(window.is_stale(wall_from_ms(0)));
  EXPECT_TRUE(accepted(apply_draft(draft("1", "k"), 1'000)));
  EXPECT_FALSE(window.is_stale(wall_from_ms(11'000)));
  EXPECT_TRUE(window.is_stale(wall_from_ms(11'001)));
}

TEST(PublishRecord, TheEventIdIsMadeOfProducerAndKey) {
  const auto id = [](const std::string& producer, const std::string& key) {
    return make_record(wall_from_ms(0), producer, draft("1", key))->publication->event_id;
  };
  EXPECT_EQ(id("p", "k").size(), 32U);
  EXPECT_EQ(id("p", "k"), id("p", "k"));
  EXPECT_NE(id("p", "k"), id("q", "k"));
  EXPECT_NE(id("p1", "k"), id("p", "1k")) << "no split of the same bytes is the same id";
  EXPECT_EQ(id("p", ""), "");
}

TEST(PublishRecord, NobodyCanForgeAnotherClientsScope) {
  Claims ann = *full_claims("a");
  Claims other = *full_claims("a1:b");
  EXPECT_NE(client_producer(ann, "1:bs"), client_producer(other, "s"));
  EXPECT_NE(client_producer(ann, "x"), server_producer("t", "1:ax"));
}

}  // namespace
}  // namespace tidegate::relay
