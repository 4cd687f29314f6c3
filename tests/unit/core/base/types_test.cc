// The grammars of channel names and epochs, at and over each of their limits.
#include "core/base/types.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate {
namespace {

std::string repeated_segments(std::size_t count) {
  std::string name = "a";
  for (std::size_t i = 1; i < count; ++i) name += ":a";
  return name;
}

void expect_invalid_channel(std::string_view name, std::string_view message_part) {
  const auto channel = ChannelName::parse(name);
  ASSERT_FALSE(channel.ok()) << name;
  EXPECT_EQ(channel.error().code, ErrorCode::InvalidChannel);
  EXPECT_NE(channel.error().message.find(message_part), std::string::npos)
      << channel.error().message;
}

TEST(ChannelName, AcceptsEveryAllowedByte) {
  const std::string name = "azAZ09:._~@+=-:x";
  const auto channel = ChannelName::parse(name);
  ASSERT_TRUE(channel.ok());
  EXPECT_EQ(channel->view(), name);
}

TEST(ChannelName, RefusesEveryOtherByteAndNamesItsPlace) {
  const std::string allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~@+=-:";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string name = {'a', static_cast<char>(byte), 'b'};
    const bool is_allowed = allowed.find(static_cast<char>(byte)) != std::string::npos;
    EXPECT_EQ(ChannelName::parse(name).ok(), is_allowed) << byte;
  }
  expect_invalid_channel("ab*", "byte 2");
}

TEST(ChannelName, RefusesEmptyNamesAndEmptySegments) {
  expect_invalid_channel("", "empty");
  expect_invalid_channel(":a", "segment 1");
  expect_invalid_channel("a::b", "segment 2");
  expect_invalid_channel("a:b:", "segment 3");
  expect_invalid_channel(":", "segment 1");
}

TEST(ChannelName, LimitsOfLengthAndDepth) {
  const std::string longest_segment(limits::channel_segment_bytes_max, 's');
  EXPECT_TRUE(ChannelName::parse(longest_segment).ok());
  expect_invalid_channel(longest_segment + "s", "97 bytes");

  EXPECT_TRUE(ChannelName::parse(repeated_segments(limits::channel_segments_max)).ok());
  expect_invalid_channel(repeated_segments(limits::channel_segments_max + 1), "segments");

  const std::string longest = std::string(96, 'a') + ":" + std::string(96, 'b') + ":" +
                              std::string(limits::channel_name_bytes_max - 194, 'c');
  EXPECT_TRUE(ChannelName::parse(longest).ok());
  expect_invalid_channel(longest + "c", "256 bytes");
}

TEST(ChannelName, MessagesNeverRepeatTheBytes) {
  const auto channel = ChannelName::parse("\xFF<script>");
  EXPECT_EQ(channel.error().message.find("script"), std::string::npos);
}

TEST(ChannelName, IsOrderedByBytes) {
  EXPECT_LT(*ChannelName::parse("a:b"), *ChannelName::parse("a:c"));
  EXPECT_LT(*ChannelName::parse("a"), *ChannelName::parse("a:b"));
  EXPECT_EQ(*ChannelName::parse("a"), *ChannelName::parse("a"));
}

TEST(Epoch, ParsesItsGrammarAndNothingElse) {
  EXPECT_EQ(Epoch::parse("aZ9_.~-")->token(), "aZ9_.~-");
  EXPECT_TRUE(Epoch::parse(std::string(limits::epoch_bytes_max, 'e')).ok());
  for (const std::string& bad :
       {std::string(), std::string(limits::epoch_bytes_max + 1, 'e'), std::string("a:b"),
        std::string("a b"), std::string("\xC3\xA9"), std::string("a\0b", 3)}) {
    const auto epoch = Epoch::parse(bad);
    ASSERT_FALSE(epoch.ok()) << bad;
    EXPECT_EQ(epoch.error().code, ErrorCode::BadRequest);
  }
}

// Expected values: base64url of the eight bytes in big-endian order, without padding.
TEST(Epoch, FromEntropyIsBase64UrlAndParses) {
  EXPECT_EQ(Epoch::from_entropy(0).token(), "AAAAAAAAAAA");
  EXPECT_EQ(Epoch::from_entropy(0xFFFFFFFFFFFFFFFF).token(), "__________8");
  EXPECT_EQ(Epoch::from_entropy(0x0123456789ABCDEF).token(), "ASNFZ4mrze8");
  EXPECT_TRUE(Epoch::parse(Epoch::from_entropy(0xFFFFFFFFFFFFFFFF).token()).ok());
  EXPECT_TRUE(Epoch().empty());
}

TEST(Offset, IsOrdered) {
  EXPECT_LT(Offset{1}, Offset{2});
  EXPECT_EQ(Offset{}, Offset{0});
}

}  // namespace
}  // namespace tidegate
