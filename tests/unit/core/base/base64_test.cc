// The vectors of RFC 4648, and every way of spelling a text that is not the one way.
#include "core/base/base64.h"

#include <gtest/gtest.h>

namespace tidegate {
namespace {

std::string text_of(const std::optional<Bytes>& bytes) {
  return bytes.has_value() ? std::string(as_text(*bytes)) : "(refused)";
}

TEST(Base64, TheVectorsOfTheStandard) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(encode_base64(as_bytes(plain), Base64::Standard), encoded);
    EXPECT_EQ(text_of(decode_base64(encoded, Base64::Standard)), plain);
    const std::string unpadded = std::string(encoded).substr(0, std::string(encoded).find('='));
    EXPECT_EQ(encode_base64(as_bytes(plain), Base64::Url), unpadded);
    EXPECT_EQ(text_of(decode_base64(unpadded, Base64::Url)), plain);
  }
}

TEST(Base64, EveryByteSurvivesInBothAlphabets) {
  Bytes bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  for (const Base64 alphabet : {Base64::Url, Base64::Standard}) {
    for (std::size_t size = 250; size <= 256; ++size) {
      const ByteView view = ByteView(bytes).first(size);
      const auto decoded = decode_base64(encode_base64(view, alphabet), alphabet);
      ASSERT_TRUE(decoded.has_value());
      EXPECT_EQ(*decoded, Bytes(view.begin(), view.end()));
    }
  }
}

TEST(Base64, TheAlphabetsDoNotMix) {
  EXPECT_EQ(encode_base64(as_bytes("\xFB\xFF"), Base64::Url), "-_8");
  EXPECT_EQ(encode_base64(as_bytes("\xFB\xFF"), Base64::Standard), "+/8=");
  EXPECT_FALSE(decode_base64("+/8", Base64::Url).has_value());
  EXPECT_FALSE(decode_base64("-_8=", Base64::Standard).has_value());
}

TEST(Base64, RefusesWhatIsNotTheOneSpelling) {
  for (const char* text :
       {"Zg==", "Zm8=", "Z", "Zm9vY", "Zm 8", "Zm8\n", "Zh", "Zm9", "Zm8.", "Z\xC3"}) {
    EXPECT_FALSE(decode_base64(text, Base64::Url).has_value()) << text;
  }
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=", "====", "Z===", "Zg==Zg=="}) {
    EXPECT_FALSE(decode_base64(text, Base64::Standard).has_value()) << text;
  }
}

}  // namespace
}  // namespace tidegate
