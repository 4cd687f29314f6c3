// The close frames we write ourselves, against RFC 6455 byte by byte.
#include "edge/net/close_frame.h"

#include <gtest/gtest.h>

namespace tidegate::net {
namespace {

TEST(CloseFrame, CarriesCodeAndReasonUnmasked) {
  EXPECT_EQ(close_frame(4000, "bye"), (Bytes{0x88, 5, 0x0F, 0xA0, 'b', 'y', 'e'}));
}

TEST(CloseFrame, MaskedFrameUnmasksToTheSame) {
  const Bytes frame = masked_close_frame(1000, "ab", {1, 2, 3, 4});
  EXPECT_EQ(frame, (Bytes{0x88, 0x84, 1, 2, 3, 4, 0x03 ^ 1, 0xE8 ^ 2, 'a' ^ 3, 'b' ^ 4}));
}

TEST(CloseFrame, LongReasonIsCutToAControlFrame) {
  const Bytes frame = close_frame(4000, std::string(300, 'x'));
  EXPECT_EQ(frame.size(), 127U);
  EXPECT_EQ(frame[1], 125);
}

TEST(CloseFrame, ReasonIsNotCutWithinACharacter) {
  const std::string reason = std::string(kCloseReasonBytesMax - 1, 'x') + "\xC3\xA9";  // é
  const Bytes frame = close_frame(4000, reason);
  EXPECT_EQ(frame[1], 2 + kCloseReasonBytesMax - 1);
  EXPECT_EQ(frame.back(), 'x');
}

}  // namespace
}  // namespace tidegate::net
