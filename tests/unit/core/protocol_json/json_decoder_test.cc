// What the golden texts do not show: limits, messages that are taken up again, and how long a block
// lives.
#include "core/protocol_json/json_decoder.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/protocol/block_writer.h"
#include "core/protocol/frame_decoder.h"
#include "core/protocol_json/json_encoder.h"
#include "core/protocol_json/json_names.h"

namespace tidegate {
namespace {

std::string first_error(const std::string& text) {
  JsonDecoder decoder(as_bytes(text));
  const auto frame = decoder.next();
  return frame.has_value() && !frame->ok() ? frame->error().message : std::string();
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string publish_of(const std::string& data) {
  return R"({"type":"publish","request":1,"channel":"a","data":)" + data + "}";
}

TEST(JsonDecoder, APayloadThatIsNestedTooDeeplyCostsTheCommandOnly) {
  const std::string text = publish_of(nested(limits::json_depth_max + 1));
  JsonDecoder decoder(as_bytes(text));
  const auto frame = decoder.next();
  ASSERT_TRUE(frame.has_value() && frame->ok());
  const auto& publish = std::get<PublishFrame>(frame->value());
  EXPECT_EQ(check_draft(publish.draft).error().code, ErrorCode::InvalidPayload);
  const std::string deep = publish_of(nested(limits::json_depth_ceiling));
  EXPECT_NE(first_error(deep).find("nested too deeply"), std::string::npos);
}

TEST(JsonDecoder, APayloadStaysAsItWasWritten) {
  const std::string data = R"({"n":12345678901234567890,"x":1.0,"s":"\u00e9","a":[ 1 , 2 ]})";
  const std::string text = publish_of("  " + data + "\n");
  JsonDecoder decoder(as_bytes(text));
  const auto frame = decoder.next();
  ASSERT_TRUE(frame.has_value() && frame->ok());
  EXPECT_EQ(as_text(std::get<PublishFrame>(frame->value()).draft.payload), data);
}

TEST(JsonDecoder, ABlockMayHaveAsManyRowsAsABinaryOneAndNoMore) {
  const auto block_of = [](std::size_t rows) {
    std::string text = R"({"type":"block","stream":1,"previous":"0","offset":"9999","rows":[)";
    for (std::size_t i = 1; i <= rows; ++i) {
      text +=
          (i == 1 ? "" : ",") + (R"({"offset":")" + std::to_string(i)) + R"(","time":1,"data":1})";
    }
    return text + "]}";
  };
  EXPECT_EQ(first_error(block_of(limits::block_rows_max)), "");
  EXPECT_EQ(first_error(block_of(limits::block_rows_max + 1)), "block: /rows has too many rows");
}

TEST(JsonDecoder, ALongNameOfAStrangerIsCut) {
  const std::string name(10'000, 'n');
  const std::string text = R"({"type":"ping","nonce":1,")" + name + R"(":1})";
  EXPECT_EQ(first_error(text),
            "ping: /" + std::string(64, 'n') + " is not a field that is known here");
}

TEST(JsonDecoder, AnObjectOfVeryManyFieldsIsRefusedAtTheFirstThatIsNotKnown) {
  std::string text = R"({"type":"ping","nonce":1)";
  for (int i = 0; i < 100'000; ++i) text += ",\"f" + std::to_string(i) + "\":1";
  EXPECT_EQ(first_error(text + "}"), "ping: /f0 is not a field that is known here");
}

TEST(JsonDecoder, AMessageIsTakenUpWhereItWasLeft) {
  const std::string text =
      R"([{"type":"ping","nonce":1},{"type":"hint","optional":true},{"type":"ping","nonce":2},)"
      R"({"type":"ping"}])";
  JsonDecoder first(as_bytes(text));
  EXPECT_EQ(std::get<PingFrame>(first.next()->value()).nonce, 1U);
  EXPECT_TRUE(first.has_more());
  EXPECT_EQ(first.frames_read(), 1U);
  JsonDecoder again(as_bytes(text), first.frames_read());
  EXPECT_EQ(std::get<PingFrame>(again.next()->value()).nonce, 2U);
  EXPECT_EQ(again.frames_read(), 3U);
  EXPECT_EQ(again.next()->error().message, "ping: /3/nonce is missing") << "counted from the start";
  EXPECT_FALSE(again.next().has_value());
}

TEST(JsonDecoder, KnowsWhetherSomethingFollows) {
  for (const char* text : {R"({"type":"ping","nonce":1})", R"( [ {"type":"ping","nonce":1} ] )"}) {
    JsonDecoder decoder(as_bytes(std::string_view(text)));
    EXPECT_TRUE(decoder.has_more());
    ASSERT_TRUE(decoder.next()->ok());
    EXPECT_FALSE(decoder.has_more()) << text;
    EXPECT_FALSE(decoder.next().has_value());
  }
}

TEST(JsonDecoder, BlocksLiveAsLongAsTheDecoder) {
  std::string text = "[";
  for (int i = 1; i <= 100; ++i) {
    text += (i == 1 ? "" : ",") + (R"({"type":"block","stream":)" + std::to_string(i)) +
            R"(,"previous":"0","offset":"1","rows":[{"offset":"1","time":5,"data":)" +
            std::to_string(i) + "}]}";
  }
  text += "]";
  JsonDecoder decoder(as_bytes(text));
  std::vector<Frame> frames;
  while (auto frame = decoder.next()) frames.push_back(std::move(*frame).value());
  ASSERT_EQ(frames.size(), 100U);
  for (int i = 1; i <= 100; ++i) {
    const BlockView& block = std::get<BlockFrame>(frames[static_cast<std::size_t>(i - 1)]).block;
    BlockView::RowCursor rows = block.rows();
    BlockRow row;
    ASSERT_TRUE(rows.next(row));
    EXPECT_EQ(as_text(row.payload), std::to_string(i));
  }
}

// Of all pages and blocks that the relay cuts, this one grows most: a page's event name stands once
// in the binary block and in every row of the text, with six bytes for each of its own.
TEST(JsonEncoder, TheLargestMessageStaysBelowItsLimit) {
  BlockWriter writer(StreamId{0xFFFFFFFF}, {Offset{0}, Offset{UINT64_MAX}});
  writer.set_records();
  Publication record;
  record.time = wall_from_ms(INT64_MAX);
  record.operation = Operation::Set;
  record.event = std::string(limits::event_name_bytes_max, '\x01');
  record.payload = {'0'};
  std::uint32_t number = 0;
  while (writer.row_count() < limits::block_rows_max &&
         writer.frame_bytes() < limits::block_bytes_target) {
    const std::uint32_t n = ++number;  // keys as short as they can be, in their order
    record.key = {static_cast<char>(1 + n / 127), static_cast<char>(1 + n % 127)};
    writer.add(Offset{UINT64_MAX}, record);
  }
  record.key = std::string(limits::record_key_bytes_max, '\x7f');
  record.event_id = std::string(limits::event_id_bytes_max, '\x01');
  record.payload_kind = PayloadKind::Binary;
  record.payload.assign(limits::publication_payload_bytes_max, 0);
  writer.add(Offset{UINT64_MAX}, record);
  Bytes binary;
  writer.finish(binary);
  Bytes text;
  encode_json(std::get<BlockFrame>(FrameDecoder(binary).next()->value()), text);
  // Control frames and other blocks that are joined with it.
  constexpr std::size_t kJoined = limits::joined_message_bytes_max;
  EXPECT_GT(text.size(), limits::relay_message_bytes_max) << "else the binary limit would do";
  EXPECT_LT(text.size() + kJoined, limits::relay_json_message_bytes_max);
}

TEST(JsonEncoder, TextsForPeopleAreMadeToFit) {
  DisconnectFrame frame;
  frame.code = 4500;
  frame.message = std::string(limits::error_message_bytes_max - 1, 'x') + "\xC3\xA9";
  Bytes text;
  encode_json(frame, text);
  const auto read = JsonDecoder(text).next();
  ASSERT_TRUE(read.has_value() && read->ok());
  EXPECT_EQ(std::get<DisconnectFrame>(read->value()).message.size(),
            limits::error_message_bytes_max - 1);
  frame.message = "not \xFF text";
  text.clear();
  encode_json(frame, text);
  EXPECT_EQ(std::get<DisconnectFrame>(JsonDecoder(text).next()->value()).message, "not ? text");
}

TEST(JsonNames, AreThoseOfTheCodes) {
  for (std::size_t i = 0; i < std::size(json::kSnapshotReasons); ++i) {
    EXPECT_EQ(json::kSnapshotReasons[i], snapshot_reason_name(static_cast<SnapshotReason>(i)));
  }
  for (std::size_t i = 0; i < std::size(json::kPublishOutcomes); ++i) {
    EXPECT_EQ(json::kPublishOutcomes[i], publish_outcome_name(static_cast<PublishOutcome>(i)));
  }
}

}  // namespace
}  // namespace tidegate
