// What the vectors cannot show: every prefix of a message, limits at their edge, what happens
// behind a fault, and drafts that are wrong in content only.
#include "core/protocol/frame_decoder.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/protocol/frame_encoder.h"

namespace tidegate {
namespace {

std::optional<Result<Frame>> first_of(const Bytes& message) {
  FrameDecoder decoder(message);
  return decoder.next();
}

Bytes hello_bytes(const std::string& client, const std::string& token) {
  Bytes out;
  encode(HelloFrame{1, client, "session", token}, out);
  return out;
}

TEST(FrameDecoder, NothingIsReadBehindAFault) {
  Bytes message;
  encode(UnsubscribeFrame{RequestId{1}, StreamId::None}, message);  // stream 0: malformed
  encode(PingFrame{1}, message);
  FrameDecoder decoder(message);
  EXPECT_FALSE(decoder.next()->ok());
  EXPECT_FALSE(decoder.next().has_value());
  EXPECT_FALSE(decoder.next().has_value());
}

TEST(FrameDecoder, AnEmptyMessageIsRefusedOnce) {
  FrameDecoder decoder(ByteView{});
  EXPECT_EQ(decoder.next()->error().code, ErrorCode::MalformedFrame);
  EXPECT_FALSE(decoder.next().has_value());
}

TEST(FrameDecoder, EveryPrefixOfAMessageIsRefused) {
  Bytes message;
  encode(SubscribeFrame{RequestId{1}, *ChannelName::parse("a:b"),
                        StreamPosition{*Epoch::parse("e"), Offset{7}}, 0},
         message);
  for (std::size_t size = 1; size < message.size(); ++size) {
    const Bytes prefix(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    const auto frame = first_of(prefix);
    ASSERT_TRUE(frame.has_value()) << size;
    EXPECT_FALSE(frame->ok()) << size;
  }
}

TEST(FrameDecoder, EveryPrefixOfAConditionalPublishIsRefused) {
  PublishFrame frame;
  frame.request = RequestId{1};
  frame.channel = *ChannelName::parse("a");
  frame.draft.operation = Operation::Set;
  frame.draft.key = "k";
  frame.draft.if_epoch = *Epoch::parse("e");
  frame.draft.if_version = Offset{7};
  frame.draft.source_version = SourceVersion{"s", 8};
  frame.draft.tags = R"({"a":1})";
  frame.draft.payload = Bytes{'1'};
  Bytes message;
  encode(frame, message);
  for (std::size_t size = 1; size < message.size(); ++size) {
    const Bytes prefix(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    const auto decoded = first_of(prefix);
    ASSERT_TRUE(decoded.has_value()) << size;
    EXPECT_FALSE(decoded->ok()) << size;
  }
}

// Absent and 0 are different questions: "whatever it is", and "only if there is none".
TEST(FrameDecoder, AConditionOnNoRecordIsNotTheAbsenceOfACondition) {
  for (const std::optional<Offset> version :
       {std::optional<Offset>(), std::optional<Offset>(Offset{0})}) {
    PublishFrame frame{RequestId{1}, *ChannelName::parse("a"), {}};
    frame.draft.if_version = version;
    Bytes message;
    encode(frame, message);
    const auto decoded = first_of(message);
    ASSERT_TRUE(decoded->ok());
    EXPECT_EQ(std::get<PublishFrame>(decoded->value()).draft.if_version, version);
  }
}

TEST(FrameDecoder, AFilterIsNotAMatterOfFraming) {
  SubscribeFrame frame{RequestId{1}, *ChannelName::parse("a"), std::nullopt, 0, 5, "\xFF {"};
  Bytes message;
  encode(frame, message);
  const auto decoded = first_of(message);
  ASSERT_TRUE(decoded->ok());
  EXPECT_EQ(std::get<SubscribeFrame>(decoded->value()).filter, frame.filter);
  EXPECT_EQ(std::get<SubscribeFrame>(decoded->value()).min_interval_ms, 5u);
}

TEST(FrameDecoder, TextLimitsAreExact) {
  const std::string client(limits::client_label_bytes_max, 'c');
  const std::string token(limits::token_bytes_max, 't');
  EXPECT_TRUE(first_of(hello_bytes(client, token))->ok());
  EXPECT_FALSE(first_of(hello_bytes(client + "c", token))->ok());
  EXPECT_FALSE(first_of(hello_bytes(client, token + "t"))->ok());
}

TEST(FrameDecoder, FaultsNameTheFrameAndTheField) {
  EXPECT_EQ(first_of(hello_bytes(std::string(65, 'c'), ""))->error().message,
            "hello: client has more than 64 bytes");
}

// Too long, not JSON, not UTF-8: the frame is sound, so check_draft() judges it and the connection
// lives.
TEST(FrameDecoder, ContentOfADraftIsNotAMatterOfFraming) {
  PublishFrame frame;
  frame.request = RequestId{9};
  frame.channel = *ChannelName::parse("a");
  frame.draft.event = std::string(5000, 'e');
  frame.draft.event_id = "\xFF";
  frame.draft.key = "k";
  frame.draft.payload = Bytes(limits::publication_payload_bytes_max + 1, '{');
  Bytes message;
  encode(frame, message);
  const auto decoded = first_of(message);
  ASSERT_TRUE(decoded->ok());
  const PublicationDraft& draft = std::get<PublishFrame>(decoded->value()).draft;
  EXPECT_EQ(draft.event, frame.draft.event);
  EXPECT_EQ(draft.event_id, frame.draft.event_id);
  EXPECT_EQ(draft.payload, frame.draft.payload);
  EXPECT_FALSE(check_draft(draft).ok());
}

TEST(FrameDecoder, AVersionFromTheFutureIsStillAHello) {
  Bytes message;
  encode(HelloFrame{999, "c", "s", "t"}, message);
  const auto frame = first_of(message);
  ASSERT_TRUE(frame->ok());
  EXPECT_EQ(std::get<HelloFrame>(frame->value()).version, 999);
  EXPECT_EQ(std::get<HelloFrame>(frame->value()).token, "");
}

TEST(FrameDecoder, OnlyUnknownTypesMayBeOptional) {
  Bytes message;
  encode(PingFrame{1}, message);
  message[5] = wire::kFlagOptional;
  EXPECT_EQ(first_of(message)->error().code, ErrorCode::MalformedFrame);
  message[4] = 250;
  EXPECT_FALSE(first_of(message).has_value());  // skipped: nothing else is there
  message[5] = 1;
  EXPECT_EQ(first_of(message)->error().code, ErrorCode::UnknownFrameType);
}

}  // namespace
}  // namespace tidegate
