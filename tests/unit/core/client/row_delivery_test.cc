// Blocks to rows, as a shell sees them: the table, the names, the order, and what is dropped.
#include "core/client/row_delivery.h"

#include <gtest/gtest.h>

#include "tests/unit/core/client/client_shell.h"

namespace tidegate::testing {
namespace {

using Offsets = std::vector<std::uint64_t>;

class RowDeliveryTest : public ::testing::Test {
 protected:
  RowDeliveryTest() {
    shell.go_live();
    a = shell.subscribe("a");
    b = shell.subscribe("b");
    shell.answer_live("a", 5, at("e", 0));
    shell.answer_live("b", 6, at("f", 0));
    shell.forget();
  }
  static Publication publication(std::string_view json, std::string key = {}) {
    Publication one;
    one.key = std::move(key);
    one.payload.assign(json.begin(), json.end());
    return one;
  }
  void receive(const BlockWriter& writer) {
    Bytes bytes;
    writer.finish(bytes);
    shell.receive_on(shell.connection, bytes);
  }
  ClientShell shell;
  SubscriptionId a = SubscriptionId::None;
  SubscriptionId b = SubscriptionId::None;
};

TEST_F(RowDeliveryTest, SeveralBlocksOfOneMessageKeepTheirOrder) {
  shell.receive(RelayMessage()
                    .block(5, 0, 2, {1, 2}, "one")
                    .block(6, 0, 1, {1}, "two")
                    .add(PublishAckFrame{RequestId{9}, PublishOutcome::Applied, at("e", 1)})
                    .block(5, 2, 4, {3, 4}, "one"));
  const auto delivered = shell.events_of<RowsDelivered>();
  ASSERT_EQ(delivered.size(), 3U);
  EXPECT_EQ(delivered[0].subscription, a);
  EXPECT_EQ(delivered[1].subscription, b);
  EXPECT_EQ(delivered[2].subscription, a);
  EXPECT_EQ(delivered[2].first_row, 3U);
  EXPECT_EQ(shell.events_of<EventNamed>().size(), 2U) << "each name once";
  EXPECT_EQ(shell.offsets(), (Offsets{1, 2, 1, 3, 4}));
  EXPECT_EQ(shell.rows[2].event, "two");
  EXPECT_EQ(shell.rows[3].event, "one");
  EXPECT_EQ(shell.session.stats().rows_delivered, 5U);
}

TEST_F(RowDeliveryTest, AnOverlapDeliversOnlyWhatIsNew) {
  shell.receive(RelayMessage().block(5, 0, 3, {1, 2, 3}));
  shell.receive(RelayMessage().block(5, 1, 5, {2, 3, 4, 5}));
  EXPECT_EQ(shell.offsets(), (Offsets{1, 2, 3, 4, 5}));
  EXPECT_EQ(shell.rows.back().payload, "5");
  EXPECT_EQ(shell.session.stats().duplicates_dropped, 2U);
}

TEST_F(RowDeliveryTest, ADuplicateBlockIsCountedAndSilent) {
  shell.receive(RelayMessage().block(5, 0, 3, {1, 2, 3}));
  shell.forget();
  shell.receive(RelayMessage().block(5, 0, 3, {1, 2, 3}).block(5, 2, 3, {3}));
  EXPECT_TRUE(shell.events.empty());
  EXPECT_EQ(shell.session.stats().duplicates_dropped, 4U);
}

TEST_F(RowDeliveryTest, ACoverMovesThePositionWithoutAnEvent) {
  shell.receive(RelayMessage().block(5, 0, 40, {}));
  EXPECT_TRUE(shell.events.empty());
  EXPECT_EQ(shell.session.position(a), at("e", 40));
}

TEST_F(RowDeliveryTest, EveryFieldOfARowIsFound) {
  BlockWriter writer(StreamId{5}, StreamRange{Offset{0}, Offset{9}});
  Publication first = publication("{\"x\":[1,2]}", "key-1");
  first.time = wall_from_ms(1'234);
  first.operation = Operation::Set;
  first.event = "set";
  first.event_id = "id-1";
  Publication second;
  second.payload_kind = PayloadKind::Binary;
  second.payload = Bytes{0, 255, 10};
  Publication third = publication("\"last\"");
  writer.add(Offset{3}, first);
  writer.add(Offset{4}, second);
  writer.add(Offset{9}, third);
  Bytes bytes;
  writer.finish(bytes);
  shell.session.handle_message(shell.now, shell.connection, bytes);
  std::optional<RowsDelivered> delivered;
  while (auto event = shell.session.poll_event()) {
    if (const auto* rows = std::get_if<RowsDelivered>(&*event)) delivered = *rows;
  }
  ASSERT_TRUE(delivered);
  ASSERT_EQ(delivered->row_count, 3U);
  const BlockRow row = delivered_row(shell.session, *delivered, 0);
  EXPECT_EQ(row.offset, Offset{3});
  EXPECT_EQ(wall_ms(row.time), 1'234);
  EXPECT_EQ(row.operation, Operation::Set);
  EXPECT_EQ(row.key, "key-1");
  EXPECT_EQ(row.event_id, "id-1");
  EXPECT_EQ(as_text(row.payload), "{\"x\":[1,2]}");
  const BlockRow binary = delivered_row(shell.session, *delivered, 1);
  EXPECT_EQ(binary.payload_kind, PayloadKind::Binary);
  EXPECT_EQ(Bytes(binary.payload.begin(), binary.payload.end()), (Bytes{0, 255, 10}));
  EXPECT_EQ(shell.session.row_table()[1].event, kNoEventName);
  EXPECT_EQ(as_text(delivered_row(shell.session, *delivered, 2).payload), "\"last\"");
  const ByteView source = shell.session.source_bytes(delivered->source);
  EXPECT_EQ(as_text(source.subspan(delivered->json_at, delivered->json_bytes)),
            "[{\"x\":[1,2]},null,\"last\"]");
  EXPECT_TRUE(shell.session.source_bytes(1).empty());
}

TEST_F(RowDeliveryTest, ManyNamesStayBoundedAndRight) {
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < 2 * limits::event_names_per_client_max; i += 64) {
    BlockWriter writer(StreamId{5}, StreamRange{Offset{offset}, Offset{offset + 64}});
    for (std::size_t k = 0; k < 64; ++k) {
      Publication one = publication("0");
      one.event = "name." + std::to_string(i + k);
      writer.add(Offset{++offset}, one);
    }
    receive(writer);
  }
  ASSERT_EQ(shell.rows.size(), 2 * limits::event_names_per_client_max);
  for (std::size_t i = 0; i < shell.rows.size(); ++i) {
    ASSERT_EQ(shell.rows[i].event, "name." + std::to_string(i));
  }
}

TEST(RowDeliveryDeathTest, AShellThatDoesNotPollIsCaughtBeforeItReadsGoneBytes) {
  ClientShell shell;
  shell.go_live();
  shell.subscribe("a");
  shell.answer_live("a", 5, at("e", 0));
  const Bytes first = RelayMessage().block(5, 0, 1, {1}).bytes();
  const Bytes second = RelayMessage().block(5, 1, 2, {2}).bytes();
  shell.session.handle_message(shell.now, shell.connection, first);
  EXPECT_DEATH(shell.session.handle_message(shell.now, shell.connection, second), "");
  shell.poll();
}

}  // namespace
}  // namespace tidegate::testing
