// The sequencer: durable, refused, unknown; reading back; nothing twice, nothing before it is
// applied.
#include <gtest/gtest.h>

#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

class OwnerTest : public testing::Test {
 protected:
  OwnerTest() {
    world.on_store = [this](std::uint16_t, const RelayEffect& effect) { return take(effect); };
  }
  bool take(const RelayEffect& effect) {
    if (const auto* append = std::get_if<StoreAppend>(&effect)) {
      appends.push_back(*append);
      return hold_appends;
    }
    if (const auto* read = std::get_if<StoreRead>(&effect)) {
      reads.push_back(*read);
      return hold_reads;
    }
    if (const auto* open = std::get_if<StoreOpen>(&effect)) {
      opens.push_back(*open);
      return hold_opens;
    }
    return false;
  }
  void answer_append(const StoreAppend& append, AppendResult result) {
    world.shard().handle_append_result(world.now, append.id, std::move(result));
    world.run();
  }
  void fail_open() {
    world.shard().handle_store_opened(world.now, opens.back().id,
                                      Error{ErrorCode::Unavailable, "disk", 0});
    world.run();
  }

  RelayWorld world;
  bool hold_appends = false;
  bool hold_reads = false;
  bool hold_opens = false;
  std::vector<StoreAppend> appends;
  std::vector<StoreRead> reads;
  std::vector<StoreOpen> opens;
};

TEST_F(OwnerTest, NothingIsAnsweredOrSeenBeforeItIsDurable) {
  TestClient& client = world.connect();
  client.subscribe("open:a");
  hold_appends = true;
  const std::uint64_t number = world.publish("open:a", draft("1"));
  EXPECT_EQ(world.answers.count(number), 0U);
  EXPECT_EQ(client.read(), "");
  answer_append(appends.back(), world.store().append(appends.back()));
  ASSERT_TRUE(world.answer(number).ok());
  EXPECT_EQ(world.answer(number)->position.offset, Offset{1});
  EXPECT_EQ(client.read(), "1");
}

TEST_F(OwnerTest, WhatGathersWhileAnAppendIsOutstandingGoesIntoTheNextOne) {
  world.publish("open:a", draft("0"));
  hold_appends = true;
  appends.clear();
  for (int n = 1; n <= 10; ++n) world.publish("open:a", draft(std::to_string(n)));
  ASSERT_EQ(appends.size(), 1U);
  EXPECT_EQ(appends[0].records.size(), 1U);
  hold_appends = false;
  answer_append(appends[0], world.store().append(appends[0]));
  ASSERT_EQ(appends.size(), 2U);
  EXPECT_EQ(appends[1].records.size(), 9U);
  EXPECT_EQ(appends[1].expected_top.offset, Offset{2});
  EXPECT_EQ(world.answer(11)->position.offset, Offset{11});
}

TEST_F(OwnerTest, ABatchIsBounded) {
  world.publish("open:a", draft("0"));
  hold_appends = true;
  for (std::size_t n = 0; n < limits::append_batch_entries_max + 10; ++n) {
    world.publish("open:a", draft("1"));
  }
  hold_appends = false;
  answer_append(appends.back(), world.store().append(appends.back()));
  std::size_t largest = 0;
  for (const StoreAppend& append : appends) largest = std::max(largest, append.records.size());
  EXPECT_EQ(largest, limits::append_batch_entries_max);
}

TEST_F(OwnerTest, OverTheQueuesLimitPublishesAreBusy) {
  world.publish("open:a", draft("0"));
  hold_appends = true;
  for (std::size_t n = 0; n < limits::append_queue_entries_max; ++n) {
    world.publish("open:a", draft("1"));
  }
  const std::uint64_t over = world.publish("open:a", draft("1"));
  EXPECT_EQ(world.answer(over).error().code, ErrorCode::Busy);
  const std::uint64_t elsewhere = world.publish("open:b", draft("1"));
  EXPECT_EQ(world.answers.count(elsewhere), 0U) << "held by the test, not refused";
}

TEST_F(OwnerTest, ARefusedAppendIsAnErrorForAllInIt) {
  world.publish("open:a", draft("0"));
  hold_appends = true;
  const std::uint64_t one = world.publish("open:a", draft("1"));
  hold_appends = false;
  answer_append(appends.back(), AppendRefused{Error{ErrorCode::Unavailable, "disk full", 0}});
  EXPECT_EQ(world.answer(one).error().message, "disk full");
  const std::uint64_t next = world.publish("open:a", draft("2"));
  EXPECT_EQ(world.answer(next)->position.offset, Offset{2});
}

TEST_F(OwnerTest, AnUnknownAppendThatIsFoundSettlesItsPublishers) {
  TestClient& client = world.connect();
  client.subscribe("open:a");
  world.publish("open:a", draft("0"));
  hold_appends = true;
  const std::uint64_t one = world.publish("open:a", draft("1", "key"));
  const StoreAppend lost = appends.back();
  world.store().append(lost);  // it landed, but the answer is lost
  hold_appends = false;
  answer_append(lost, AppendUnknown{});
  ASSERT_EQ(reads.size(), 1U);
  EXPECT_EQ(reads[0].after.offset, Offset{1});
  ASSERT_TRUE(world.answer(one).ok());
  EXPECT_EQ(world.answer(one)->outcome, PublishOutcome::Applied);
  EXPECT_EQ(world.answer(one)->position.offset, Offset{2});
  EXPECT_EQ(client.read(), "0 1");
  EXPECT_EQ(world.shard().counters().appends_unknown, 1U);
}

TEST_F(OwnerTest, AnUnknownAppendThatIsAbsentIsProposedAgainUnderTheSameId) {
  TestClient& client = world.connect();
  client.subscribe("open:a");
  world.publish("open:a", draft("0"));
  hold_appends = true;
  const std::uint64_t one = world.publish("open:a", draft("1"));
  const StoreAppend lost = appends.back();
  hold_appends = false;
  answer_append(lost, AppendUnknown{});
  ASSERT_TRUE(world.answer(one).ok());
  EXPECT_EQ(appends.back().records[0]->id, lost.records[0]->id);
  EXPECT_EQ(client.read(), "0 1");
}

TEST_F(OwnerTest, AnAppendThatStaysUnknownIsProposedEverMoreRarely) {
  world.publish("open:a", draft("0"));
  hold_appends = true;
  const std::uint64_t one = world.publish("open:a", draft("1"));
  const std::size_t before = appends.size();
  std::size_t answered = before - 1;
  for (Duration passed{0}; passed < 10s; passed += 10ms) {
    while (answered < appends.size()) answer_append(appends[answered++], AppendUnknown{});
    world.advance(10ms);
  }
  const std::size_t again = appends.size() - before;
  EXPECT_GE(again, 6U);  // at once, and after 0.1, 0.2, 0.4, 0.8, 1.6, 3.2 s
  EXPECT_LE(again, 8U);
  hold_appends = false;
  while (answered < appends.size()) answer_append(appends[answered++], AppendUnknown{});
  world.advance(limits::store_retry_delay_max);
  EXPECT_EQ(world.answer(one)->position.offset, Offset{2});
}

TEST_F(OwnerTest, ALostAppendThatLandsAfterItWasReadBackIsNotAppendedTwice) {
  TestClient& client = world.connect();
  client.subscribe("open:a");
  world.publish("open:a", draft("0"));
  hold_appends = true;
  const std::uint64_t one = world.publish("open:a", draft("1"));
  const StoreAppend lost = appends.back();
  answer_append(lost, AppendUnknown{});  // read back: absent; proposed again, held
  ASSERT_EQ(appends.size(), 3U);
  world.store().append(lost);  // now the first one lands after all
  hold_appends = false;
  answer_append(appends[2], world.store().append(appends[2]));
  ASSERT_TRUE(world.answer(one).ok());
  EXPECT_EQ(world.answer(one)->position.offset, Offset{2});
  EXPECT_EQ(client.read(), "0 1");
}

TEST_F(OwnerTest, AnAppendWithoutAnAnswerIsUnknownAfterItsDeadlineAndItsLateResultIsIgnored) {
  world.publish("open:a", draft("0"));
  hold_appends = true;
  const std::uint64_t one = world.publish("open:a", draft("1"));
  const StoreAppend lost = appends.back();
  const AppendResult late = world.store().append(lost);
  world.advance(limits::append_timeout - 1ms);
  EXPECT_TRUE(reads.empty());
  world.advance(1ms);
  ASSERT_EQ(reads.size(), 1U);
  EXPECT_EQ(world.answer(one)->position.offset, Offset{2});
  answer_append(lost, late);
  hold_appends = false;
  const std::uint64_t two = world.publish("open:a", draft("2"));
  EXPECT_EQ(world.answer(two)->position.offset, Offset{3});
}

TEST_F(OwnerTest, WhatStaysUnknownIsAnsweredSoAtThePublishDeadline) {
  world.publish("open:a", draft("0"));
  hold_appends = hold_reads = hold_opens = true;
  const std::uint64_t proposed = world.publish("open:a", draft("1", "k1"));
  const std::uint64_t queued = world.publish("open:a", draft("2"));
  answer_append(appends.back(), AppendUnknown{});
  world.advance(limits::publish_deadline);
  EXPECT_EQ(world.answer(proposed).error().code, ErrorCode::OutcomeUnknown);
  EXPECT_EQ(world.answer(queued).error().code, ErrorCode::Unavailable) << "never was proposed";
}

TEST_F(OwnerTest, PublishesBehindTheDeletionOfAnOldRecordAreAnsweredAtTheirDeadlineToo) {
  world.publish("brief:a", operation(Operation::Set, "old", "1"));
  hold_appends = hold_reads = hold_opens = true;
  world.advance(10s);  // its deletion is appended, and the store says nothing
  ASSERT_EQ(appends.size(), 2U);
  const std::uint64_t queued = world.publish("brief:a", operation(Operation::Set, "new", "2"));
  world.advance(limits::publish_deadline - 1ms);
  EXPECT_EQ(world.answers.count(queued), 0U);
  world.advance(1ms);
  ASSERT_EQ(world.answers.count(queued), 1U);
  EXPECT_EQ(world.answer(queued).error().code, ErrorCode::Unavailable);
}

TEST_F(OwnerTest, PublishesProposedTogetherWithADeletionOfAnOldRecordAreAnsweredToo) {
  world.publish("brief:a", operation(Operation::Set, "old", "1"));
  hold_appends = true;
  world.advance(10s);
  const std::uint64_t proposed = world.publish("brief:a", operation(Operation::Set, "new", "2"));
  answer_append(appends.back(),
                AppendUnknown{});  // read back, absent, proposed again with the next
  ASSERT_EQ(appends.back().records.size(), 2U);
  hold_reads = true;
  world.advance(limits::publish_deadline);
  ASSERT_EQ(world.answers.count(proposed), 1U);
  EXPECT_EQ(world.answer(proposed).error().code, ErrorCode::OutcomeUnknown);
}

TEST_F(OwnerTest, ARecordWhosePublisherGaveUpIsStillRecognizedWhenItIsRepeated) {
  world.publish("open:a", draft("0"));
  hold_appends = true;
  hold_reads = true;
  const std::uint64_t first = world.publish("open:a", draft("1", "k1"));
  world.store().append(appends.back());
  world.advance(limits::publish_deadline);
  EXPECT_EQ(world.answer(first).error().code, ErrorCode::OutcomeUnknown);
  hold_appends = false;
  hold_reads = false;
  const std::uint64_t again = world.publish("open:a", draft("1", "k1"));
  world.advance(30s);
  ASSERT_TRUE(world.answer(again).ok()) << world.answer(again).error().message;
  EXPECT_EQ(world.answer(again)->outcome, PublishOutcome::Duplicate);
  EXPECT_EQ(world.answer(again)->position.offset, Offset{2});
}

TEST_F(OwnerTest, ReadingBackIsRepeatedWithBackoffUntilItSucceeds) {
  world.publish("open:a", draft("0"));
  hold_appends = true;
  hold_opens = true;
  const std::uint64_t one = world.publish("open:a", draft("1"));
  hold_reads = true;
  answer_append(appends.back(), AppendUnknown{});
  world.shard().handle_read_result(world.now, reads.back().id,
                                   Error{ErrorCode::Unavailable, "disk", 0});
  world.run();
  opens.clear();
  std::vector<Duration> waits;
  for (int n = 0; n < 4; ++n) {
    const Instant before = world.now.monotonic;
    while (opens.size() == static_cast<std::size_t>(n)) world.advance(50ms);
    waits.push_back(world.now.monotonic - before);
    fail_open();
  }
  EXPECT_EQ(waits, (std::vector<Duration>{100ms, 200ms, 400ms, 800ms}));
  hold_appends = hold_reads = hold_opens = false;
  world.advance(2s);
  EXPECT_EQ(world.answer(one)->position.offset, Offset{2});
}

TEST_F(OwnerTest, AnotherEpochAtTheStoreResetsReadersAndGoesOn) {
  TestClient& client = world.connect();
  client.subscribe("open:a", {}, kHistoryAll);
  world.publish("open:a", draft("\"old\""));
  const StreamId before = client.last<SubscribedFrame>().stream;
  hold_appends = true;
  const std::uint64_t one = world.publish("open:a", draft("\"new\""));
  hold_appends = false;
  world.lose_store();
  answer_append(appends.back(), AppendUnknown{});
  world.advance(1s);
  const auto reset = client.last<SubscribedFrame>();
  EXPECT_EQ(reset.request, RequestId::None);
  EXPECT_EQ(reset.outcome, SubscribeOutcome::Snapshot);
  EXPECT_EQ(reset.reason, SnapshotReason::EpochChanged);
  EXPECT_EQ(reset.stream, before) << "by which the client knows what is reset";
  ASSERT_TRUE(world.answer(one).ok());
  EXPECT_EQ(world.answer(one)->position.epoch, reset.start.epoch);
  EXPECT_EQ(client.read(), "\"new\"");
}

TEST_F(OwnerTest, AStreamThatEndsBeforeWhatWasAppliedStopsTheChannelRatherThanGiveOffsetsTwice) {
  world.publish("open:a", draft("0"));
  const Epoch epoch = world.answer(1)->position.epoch;
  hold_appends = hold_reads = hold_opens = true;
  const std::uint64_t one = world.publish("open:a", draft("1"));
  const std::size_t appended = appends.size();
  answer_append(appends.back(), AppendUnknown{});
  world.shard().handle_read_result(world.now, reads.back().id,
                                   StoreReadResult{{epoch, Offset{0}}, {}});
  world.run();
  world.shard().handle_store_opened(world.now, opens.back().id,
                                    StoreOpened{{epoch, Offset{0}}, Offset{0}});
  world.run();
  world.advance(limits::publish_deadline);
  EXPECT_EQ(world.answer(one).error().code, ErrorCode::OutcomeUnknown);
  EXPECT_EQ(appends.size(), appended);
}

TEST_F(OwnerTest, OffsetsThatDoNotContinueTheLogAreNotBelieved) {
  world.publish("open:a", draft("0"));
  hold_appends = true;
  const std::uint64_t one = world.publish("open:a", draft("1"));
  hold_appends = false;
  const StoreAppend append = appends.back();
  answer_append(append, AppendDurable{{StreamRange{Offset{0}, Offset{1}}}});
  ASSERT_TRUE(world.answer(one).ok());
  EXPECT_EQ(world.answer(one)->position.offset, Offset{2}) << "read back, absent, appended again";
}

TEST_F(OwnerTest, HistoryThatTheStoreHoldsIsLoadedAndJudgedBeforeAnythingIsServed) {
  const ChannelKey key{"t", channel("open:a")};
  const Epoch epoch = world.store().open(key)->top.epoch;
  StoreAppend earlier;
  earlier.key = std::make_shared<const ChannelKey>(key);
  earlier.expected_top = {epoch, Offset{0}};
  for (std::size_t n = 0; n < limits::append_batch_entries_max + 3; ++n) {
    auto record = std::make_shared<LogRecord>();
    auto publication = std::make_shared<Publication>();
    publication->time = world.now.wall;
    publication->payload = {'5'};
    record->publication = publication;
    record->producer = "p";
    record->idempotency_key = n % 2 == 0 ? "k" + std::to_string(n) : "k0";  // every other: repeated
    earlier.records.push_back(record);
  }
  world.store().append(earlier);
  TestClient& client = world.connect();
  client.subscribe("open:a", {}, kHistoryAll);
  EXPECT_EQ(client.last<SubscribedFrame>().start.epoch, epoch);
  EXPECT_EQ(client.last<SubscribedFrame>().target.value, limits::append_batch_entries_max + 3);
  EXPECT_EQ(reads.size(), 2U);
  std::size_t rows = 0;
  for (const HeardBlock& block : client.all<HeardBlock>()) rows += block.rows.size();
  EXPECT_EQ(rows, (limits::append_batch_entries_max + 4) / 2);
}

TEST_F(OwnerTest, AStoreThatDoesNotOpenRefusesSubscribersForNow) {
  hold_opens = true;
  TestClient& client = world.connect();
  const RequestId request = client.subscribe("open:a");
  fail_open();
  EXPECT_EQ(client.last<RefusedFrame>().request, request);
  EXPECT_EQ(client.last<RefusedFrame>().error.code, ErrorCode::Unavailable);
  hold_opens = false;
  world.advance(1s);
  client.subscribe("open:a");
  EXPECT_EQ(client.all<SubscribedFrame>().size(), 1U);
}

TEST_F(OwnerTest, HistoryIsTrimmedAtTheStoreNowAndThen) {
  for (int n = 0; n < 50; ++n) world.publish("short:a", draft(std::to_string(n)));
  EXPECT_LE(world.trims.size(), 1U);
  world.advance(limits::store_trim_interval_min);
  ASSERT_FALSE(world.trims.empty());
  EXPECT_EQ(world.trims.back().floor, Offset{45});
}

TEST_F(OwnerTest, AnIdleChannelThatNeverHeldARecordIsReleased) {
  TestClient& client = world.connect();
  client.subscribe("open:a");
  EXPECT_EQ(world.shard().channel_count(), 1U);
  client.disconnect();
  world.advance(limits::mirror_linger + limits::idle_channel_linger);
  EXPECT_EQ(world.shard().channel_count(), 0U);
  EXPECT_EQ(world.releases.size(), 1U);
}

TEST_F(OwnerTest, AChannelWithHistoryIsKeptUntilItHasAgedAndItsOffsetsGoOnAfterwards) {
  world.publish("open:a", draft("1"));
  const Epoch epoch = world.answer(1)->position.epoch;
  world.advance(limits::history_age_default - 1min);
  EXPECT_EQ(world.shard().channel_count(), 1U);
  world.advance(5min);
  EXPECT_EQ(world.shard().channel_count(), 0U);
  const std::uint64_t next = world.publish("open:a", draft("2"));
  EXPECT_EQ(world.answer(next)->position, (StreamPosition{epoch, Offset{2}}));
}

TEST_F(OwnerTest, TheLatestSourceVersionOutlivesTheLogItsOwnerAndTheProcess) {
  const auto publish = [this](std::optional<std::uint64_t> number) {
    PublicationDraft made = draft("1");
    if (number) made.source_version = SourceVersion{"e", *number};
    return world.answer(world.publish("short:a", made))->outcome;
  };
  EXPECT_EQ(publish(10), PublishOutcome::Applied);
  for (int n = 0; n < 6; ++n) publish(std::nullopt);
  world.advance(limits::store_trim_interval_min * 2);
  EXPECT_EQ(publish(9), PublishOutcome::Stale) << "it was trimmed";
  world.advance(limits::store_trim_interval_min * 2);
  world.restart();
  EXPECT_EQ(publish(9), PublishOutcome::Stale) << "another process";
  world.advance(limits::history_age_default + limits::idle_channel_linger * 2);
  ASSERT_EQ(world.shard().channel_count(), 0U);
  EXPECT_EQ(publish(10), PublishOutcome::Stale) << "another owner";
  EXPECT_EQ(publish(11), PublishOutcome::Applied);
}

TEST_F(OwnerTest, WhatWasStaleIsStaleForEveryReaderOfTheStream) {
  const auto publish = [this](std::optional<std::uint64_t> number, const char* json) {
    PublicationDraft made = draft(json);
    if (number) made.source_version = SourceVersion{"e", *number};
    world.publish("short:a", made);
  };
  publish(10, "10");
  for (int n = 0; n < 6; ++n) publish(std::nullopt, "0");
  publish(9, "9");
  world.advance(limits::store_trim_interval_min * 2);
  for (int pass = 0; pass < 2; ++pass) {
    TestClient& client = world.connect();
    client.subscribe("short:a", {}, kHistoryAll);
    EXPECT_EQ(client.read(), "0 0 0 0 0") << "pass " << pass;
    world.restart();
  }
}

}  // namespace
}  // namespace tidegate::relay
