// Reads from outside a connection: history and records, by pages, from any shard, and never older
// than what was acknowledged before they were asked.
#include "edge/relay/channel_read.h"

#include "core/base/limits.h"
#include "tests/unit/edge/relay/relay_world.h"

namespace tidegate::relay {
namespace {

using namespace std::chrono_literals;

class ReadTest : public testing::Test {
 protected:
  std::uint64_t ask(std::string_view channel, std::variant<HistoryRange, RecordsRange> range,
                    std::uint16_t shard = 0) {
    ReadRequest request;
    request.ticket = ReadTicket{++asked_};
    request.tenant = "t";
    request.channel = *ChannelName::parse(channel);
    request.range = std::move(range);
    world.shard(shard).handle_read(world.now, std::move(request));
    world.run();
    return asked_;
  }
  ReadResult read(std::string_view channel, std::variant<HistoryRange, RecordsRange> range,
                  std::uint16_t shard = 0) {
    const auto found = world.reads.find(ask(channel, std::move(range), shard));
    EXPECT_NE(found, world.reads.end());
    return found == world.reads.end() ? ReadResult(ErrorCode::Internal, "unanswered")
                                      : found->second;
  }
  Epoch publish(std::string_view channel, int count) {
    Epoch epoch;
    for (int i = 0; i < count; ++i) {
      const auto receipt = world.answer(world.publish(channel, draft(std::to_string(++sent_))));
      EXPECT_TRUE(receipt.ok());
      epoch = receipt->position.epoch;
    }
    return epoch;
  }
  static std::string text(const ReadResult& result) {
    if (!result.ok()) return std::string(error_code_name(result.error().code));
    std::string all;
    for (const ReadRow& row : result->rows) {
      const Publication& publication = *row.publication;
      all += publication.key + (publication.key.empty() ? "" : "=");
      all += std::string(as_text(publication.payload)) + " ";
    }
    return all + "(" + std::to_string(result->from.value) + ", " +
           std::to_string(result->to.value) + (result->more ? "] …" : "]");
  }
  RelayWorld world{3};

 private:
  std::uint64_t asked_ = 0;
  int sent_ = 0;
};

TEST_F(ReadTest, HistoryIsReadByPagesFromAnyShard) {
  const Epoch epoch = publish("open:a", 5);
  for (const std::uint16_t shard : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{2}}) {
    const auto from = [&](std::uint64_t offset) {
      return HistoryRange{StreamPosition{epoch, Offset{offset}}, 2};
    };
    EXPECT_EQ(text(read("open:a", from(0), shard)), "1 2 (0, 2] …");
    EXPECT_EQ(text(read("open:a", from(2), shard)), "3 4 (2, 4] …");
    EXPECT_EQ(text(read("open:a", from(4), shard)), "5 (4, 5]");
    EXPECT_EQ(text(read("open:a", from(5), shard)), "(5, 5]");
    EXPECT_EQ(text(read("open:a", HistoryRange{std::nullopt, 2}, shard)), "4 5 (3, 5]");
  }
}

TEST_F(ReadTest, AChannelOfWhichNothingIsKnownIsEmpty) {
  EXPECT_EQ(text(read("open:new", HistoryRange{std::nullopt, 10})), "(0, 0]");
  EXPECT_EQ(text(read("state:new", RecordsRange{"", 10})), "(0, 0]");
}

TEST_F(ReadTest, WhatIsNotKeptIsToldAndFromWhere) {
  const Epoch epoch = publish("short:a", 9);  // of which five are kept
  const auto lost = read("short:a", HistoryRange{StreamPosition{epoch, Offset{3}}, 10});
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, ErrorCode::HistoryExceeded);
  EXPECT_NE(lost.error().message.find(epoch.token() + ":4 on"), std::string::npos)
      << lost.error().message;
  EXPECT_EQ(text(read("short:a", HistoryRange{StreamPosition{epoch, Offset{4}}, 10})),
            "5 6 7 8 9 (4, 9]");
  EXPECT_EQ(text(read("short:a", HistoryRange{std::nullopt, 100})), "5 6 7 8 9 (4, 9]");
}

TEST_F(ReadTest, PositionsOfNoSuchPlaceAreRefused) {
  const Epoch epoch = publish("open:a", 2);
  const auto other = HistoryRange{StreamPosition{*Epoch::parse("other"), Offset{1}}, 10};
  EXPECT_EQ(text(read("open:a", other)), "epoch_mismatch");
  EXPECT_EQ(text(read("open:a", HistoryRange{StreamPosition{epoch, Offset{3}}, 10})),
            "bad_request");
}

TEST_F(ReadTest, RecordsAreReadByPagesInTheOrderOfTheirKeys) {
  for (const char* key : {"c", "a", "d", "b"}) {
    world.publish("state:a", operation(Operation::Set, key, "1"));
  }
  world.publish("state:a", operation(Operation::Delete, "b"));
  EXPECT_EQ(text(read("state:a", RecordsRange{"", 2})), "a=1 c=1 (0, 5] …");
  EXPECT_EQ(text(read("state:a", RecordsRange{"c", 2}, 1)), "d=1 (0, 5]");
}

TEST_F(ReadTest, APageEndsByItsBytesToo) {
  const std::string large(60'000, '7');
  for (int i = 0; i < 80; ++i) world.publish("open:a", draft(large));
  const auto page = read("open:a", HistoryRange{std::nullopt, 100});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->rows.size(), limits::read_bytes_max / large.size());
  EXPECT_TRUE(page->more);
}

TEST_F(ReadTest, SignalsAreNotKeptAndLogsHaveNoRecords) {
  EXPECT_EQ(text(read("signal:a", HistoryRange{std::nullopt, 1})), "unsupported");
  EXPECT_EQ(text(read("open:a", RecordsRange{"", 1})), "unsupported");
  EXPECT_EQ(text(read("nowhere:a", RecordsRange{"", 1})), "unknown_namespace");
}

TEST_F(ReadTest, NothingAcknowledgedIsMissingThoughTheMirrorLags) {
  const std::uint16_t owner = world.owner("open:a");
  const auto other = static_cast<std::uint16_t>((owner + 1) % 3);
  world.connect(other).subscribe("open:a");  // a mirror that is loaded
  world.hold_mail = true;
  const auto receipt = world.answer(world.publish("open:a", draft("1"), owner));
  ASSERT_TRUE(receipt.ok());
  const std::uint64_t asked = ask("open:a", HistoryRange{std::nullopt, 10}, other);
  EXPECT_EQ(world.reads.count(asked), 0U) << "the mirror may not answer for itself";
  world.hold_mail = false;
  world.run();
  ASSERT_EQ(world.reads.count(asked), 1U);
  EXPECT_EQ(text(world.reads.at(asked)), "1 (0, 1]");
}

TEST_F(ReadTest, TooManyThatWaitAreRefused) {
  world.hold_mail = true;
  const auto other = static_cast<std::uint16_t>((world.owner("open:a") + 1) % 3);
  for (std::size_t i = 0; i < limits::reads_waiting_per_channel_max; ++i) {
    ask("open:a", HistoryRange{std::nullopt, 1}, other);
  }
  EXPECT_TRUE(world.reads.empty());
  EXPECT_EQ(text(read("open:a", HistoryRange{std::nullopt, 1}, other)), "busy");
  world.hold_mail = false;
  world.run();
  EXPECT_EQ(world.reads.size(), limits::reads_waiting_per_channel_max + 1);
}

TEST_F(ReadTest, OneThatIsNeverAnsweredEndsWithTheMirror) {
  world.hold_mail = true;
  const auto other = static_cast<std::uint16_t>((world.owner("open:a") + 1) % 3);
  const std::uint64_t asked = ask("open:a", HistoryRange{std::nullopt, 1}, other);
  world.advance(limits::mirror_linger + 1s);
  ASSERT_EQ(world.reads.count(asked), 1U);
  EXPECT_EQ(text(world.reads.at(asked)), "unavailable");
}

}  // namespace
}  // namespace tidegate::relay
