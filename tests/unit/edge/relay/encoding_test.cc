// What the two encodings have in common for the relay's logic: frames that wait, messages that are
// joined, and messages that are read in two goes.
#include "edge/relay/encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/limits.h"
#include "core/protocol/block_writer.h"

namespace tidegate::relay {
namespace {

Bytes cover(StreamId stream) {
  Bytes frame;
  BlockWriter(stream, {Offset{1}, Offset{2}}).finish(frame);
  return frame;
}

std::string text_of(const SharedMessagePtr& message) {
  return std::string(as_text(message->payload()));
}

/// The frames of a message, by their numbers: nonces and streams.
std::vector<std::uint32_t> numbers_of(Encoding encoding, ByteView message) {
  std::vector<std::uint32_t> numbers;
  MessageDecoder decoder(encoding, message);
  while (const auto frame = decoder.next()) {
    EXPECT_TRUE(frame->ok());
    if (const auto* pong = std::get_if<PongFrame>(&frame->value())) numbers.push_back(pong->nonce);
    if (const auto* block = std::get_if<BlockFrame>(&frame->value())) {
      numbers.push_back(static_cast<std::uint32_t>(block->block.stream()));
    }
  }
  return numbers;
}

class EncodingTest : public testing::TestWithParam<Encoding> {};
INSTANTIATE_TEST_SUITE_P(All, EncodingTest, testing::ValuesIn(kEncodings));

TEST_P(EncodingTest, FramesThatWaitedAndBlocksAreOneMessageInTheirOrder) {
  Bytes waiting;
  append_frame(GetParam(), PongFrame{1}, waiting);
  append_frame(GetParam(), PongFrame{2}, waiting);
  const SharedMessagePtr first = block_message(GetParam(), cover(StreamId{3}));
  const SharedMessagePtr second = block_message(GetParam(), cover(StreamId{4}));
  const auto joined = joined_message(GetParam(), waiting, {first->payload(), second->payload()});
  EXPECT_EQ(numbers_of(GetParam(), joined->payload()), (std::vector<std::uint32_t>{1, 2, 3, 4}));
  const auto blocks = joined_message(GetParam(), {}, {first->payload(), second->payload()});
  EXPECT_EQ(numbers_of(GetParam(), blocks->payload()), (std::vector<std::uint32_t>{3, 4}));
  EXPECT_EQ(numbers_of(GetParam(), first->payload()), (std::vector<std::uint32_t>{3}));
}

TEST_P(EncodingTest, WhatWaitsIsCutBehindWholeFrames) {
  Bytes waiting;
  std::uint32_t frames = 0;
  while (waiting.size() <= limits::joined_message_bytes_max) {
    append_frame(GetParam(), PongFrame{frames++}, waiting);
  }
  const std::size_t taken = whole_frames(GetParam(), waiting);
  EXPECT_LE(taken, limits::joined_message_bytes_max);
  EXPECT_GT(taken, limits::joined_message_bytes_max - 64);
  const auto message = joined_message(GetParam(), ByteView(waiting).first(taken), {});
  EXPECT_EQ(numbers_of(GetParam(), message->payload()).size(), frames - 1);
  const auto rest = joined_message(GetParam(), ByteView(waiting).subspan(taken), {});
  EXPECT_EQ(numbers_of(GetParam(), rest->payload()), (std::vector<std::uint32_t>{frames - 1}));
}

TEST_P(EncodingTest, AFrameThatIsLargerThanAMessageIsOneByItself) {
  PublishConflictFrame large{RequestId{1}, Offset{1}, PayloadKind::Json, {}};
  large.payload.assign(limits::joined_message_bytes_max + 100, '1');
  Bytes waiting;
  append_frame(GetParam(), large, waiting);
  const std::size_t one = waiting.size();
  append_frame(GetParam(), PongFrame{7}, waiting);
  EXPECT_EQ(whole_frames(GetParam(), waiting), one);
}

TEST_P(EncodingTest, AMessageIsReadInTwoGoes) {
  Bytes waiting;
  for (std::uint32_t n = 1; n <= 3; ++n) append_frame(GetParam(), PongFrame{n}, waiting);
  const auto message = joined_message(GetParam(), waiting, {});
  MessageDecoder decoder(GetParam(), message->payload());
  ASSERT_TRUE(decoder.next()->ok());
  const UnreadFrames rest = decoder.rest();
  MessageDecoder again(GetParam(), rest.message, rest.frames_read);
  EXPECT_EQ(std::get<PongFrame>(again.next()->value()).nonce, 2U);
  EXPECT_EQ(std::get<PongFrame>(again.next()->value()).nonce, 3U);
  EXPECT_TRUE(again.rest().message.empty());
  EXPECT_FALSE(again.next().has_value());
}

TEST(Encoding, OneFrameOfJsonIsAnObjectAndSeveralAreAnArray) {
  Bytes waiting;
  append_frame(Encoding::Json, PongFrame{1}, waiting);
  EXPECT_EQ(text_of(joined_message(Encoding::Json, waiting, {})), R"({"type":"pong","nonce":1})");
  append_frame(Encoding::Json, PongFrame{2}, waiting);
  EXPECT_EQ(text_of(joined_message(Encoding::Json, waiting, {})),
            R"([{"type":"pong","nonce":1},{"type":"pong","nonce":2}])");
}

TEST(Encoding, EachIsFramedAsItsKindOfMessage) {
  EXPECT_EQ(block_message(Encoding::Binary, cover(StreamId{1}))->framed()[0], 0x82);
  EXPECT_EQ(block_message(Encoding::Json, cover(StreamId{1}))->framed()[0], 0x81);
}

}  // namespace
}  // namespace tidegate::relay
