// What the vectors cannot show: frames follow one another aligned, and words never break a
// connection.
#include "core/protocol/frame_encoder.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/protocol/frame_decoder.h"

namespace tidegate {
namespace {

std::string message_after_round_trip(const std::string& message) {
  Bytes out;
  encode(RefusedFrame{RequestId{1}, Error{ErrorCode::BadRequest, message, 0}}, out);
  FrameDecoder decoder(out);
  const auto frame = decoder.next();
  EXPECT_TRUE(frame.has_value() && frame->ok());
  return std::get<RefusedFrame>(frame->value()).error.message;
}

TEST(FrameEncoder, AppendsAlignedFrames) {
  Bytes out;
  encode(PingFrame{1}, out);
  EXPECT_EQ(out.size(), 16u);
  encode(DisconnectFrame{4000, 5, "x"}, out);
  EXPECT_EQ(out.size() % 8, 0u);
  encode(PongFrame{2}, out);
  FrameDecoder decoder(out);
  EXPECT_EQ(std::get<PingFrame>(decoder.next()->value()).nonce, 1u);
  EXPECT_EQ(std::get<DisconnectFrame>(decoder.next()->value()).message, "x");
  EXPECT_EQ(std::get<PongFrame>(decoder.next()->value()).nonce, 2u);
  EXPECT_FALSE(decoder.next().has_value());
}

TEST(FrameEncoder, KeepsAMessageThatFits) {
  const std::string longest(limits::error_message_bytes_max, 'm');
  EXPECT_EQ(message_after_round_trip(longest), longest);
  EXPECT_EQ(message_after_round_trip(""), "");
  EXPECT_EQ(message_after_round_trip("caf\xC3\xA9"), "caf\xC3\xA9");
}

TEST(FrameEncoder, CutsAMessageThatDoesNot) {
  const std::string longest(limits::error_message_bytes_max, 'm');
  EXPECT_EQ(message_after_round_trip(longest + "more"), longest);
}

TEST(FrameEncoder, CutsBetweenCharacters) {
  const std::string almost(limits::error_message_bytes_max - 1, 'm');
  EXPECT_EQ(message_after_round_trip(almost + "\xC3\xA9"), almost);
  EXPECT_EQ(message_after_round_trip(almost + "\xF0\x9F\x98\x80"), almost);
}

TEST(FrameEncoder, ReplacesWhatIsNotText) {
  EXPECT_EQ(message_after_round_trip("a\xFFz"), "a?z");
  const std::string garbage(limits::error_message_bytes_max + 10, '\x80');
  EXPECT_EQ(message_after_round_trip(garbage).find('\x80'), std::string::npos);
}

}  // namespace
}  // namespace tidegate
