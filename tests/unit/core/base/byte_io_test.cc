// Little-endian reading and writing, and a reader that fails once and for all.
#include "core/base/byte_io.h"

#include <gtest/gtest.h>

namespace tidegate {
namespace {

TEST(ByteWriter, WritesLittleEndian) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(0x01);
  writer.u16(0x0302);
  writer.u32(0x07060504);
  writer.u64(0x0F0E0D0C0B0A0908);
  Bytes expected;
  for (std::uint8_t i = 1; i < 16; ++i) expected.push_back(i);
  EXPECT_EQ(out, expected);
}

TEST(ByteWriter, WritesTextZerosAndPatches) {
  Bytes out;
  ByteWriter writer(out);
  writer.u32(0);
  writer.string16("ab");
  writer.string32("c");
  writer.zeros(2);
  writer.patch_u32(0, 0x11223344);
  EXPECT_EQ(out, (Bytes{0x44, 0x33, 0x22, 0x11, 2, 0, 'a', 'b', 1, 0, 0, 0, 'c', 0, 0}));
  EXPECT_EQ(writer.size(), out.size());
}

TEST(ByteWriterDeathTest, ALengthThatDoesNotFitIsADefect) {
  Bytes out;
  ByteWriter writer(out);
  const std::string too_long(0x10000, 'x');
  EXPECT_DEATH(writer.string16(too_long), "");
}

TEST(ByteReader, ReadsWhatTheWriterWrote) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(200);
  writer.u16(60000);
  writer.u32(4000000000);
  writer.u64(0xFFFFFFFFFFFFFFFE);
  writer.string16("sixteen");
  writer.string32("thirty-two");
  ByteReader reader(out);
  EXPECT_EQ(reader.u8(), 200);
  EXPECT_EQ(reader.u16(), 60000);
  EXPECT_EQ(reader.u32(), 4000000000);
  EXPECT_EQ(reader.u64(), 0xFFFFFFFFFFFFFFFE);
  EXPECT_EQ(reader.string16(), "sixteen");
  EXPECT_FALSE(reader.complete());
  EXPECT_EQ(reader.string32(), "thirty-two");
  EXPECT_TRUE(reader.complete());
}

TEST(ByteReader, AfterAFailureNothingIsReadableAnyMore) {
  const Bytes bytes = {1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.u8(), 0);  // though a single byte would have been there
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_FALSE(reader.complete());
}

TEST(ByteReader, ALengthBeyondTheEndFails) {
  const Bytes bytes = {5, 0, 'a', 'b'};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.string16(), "");
  EXPECT_TRUE(reader.failed());

  const Bytes huge = {0xFF, 0xFF, 0xFF, 0xFF, 'a'};
  ByteReader huge_reader(huge);
  EXPECT_EQ(huge_reader.string32(), "");
  EXPECT_TRUE(huge_reader.failed());
}

TEST(ByteReader, AnEmptyInputIsComplete) {
  ByteReader reader(ByteView{});
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace tidegate
