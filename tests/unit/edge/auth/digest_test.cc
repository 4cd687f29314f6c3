// The primitives against published vectors.
#include "edge/auth/digest.h"

#include <gtest/gtest.h>

#include "core/base/base64.h"
#include "edge/auth/secret.h"

namespace tidegate::auth {
namespace {

std::string hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

TEST(Digest, Sha256OfAbc) {
  EXPECT_EQ(hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, HmacOfRfc4231Case2) {
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Digest, ComparesWhole) {
  EXPECT_TRUE(equal_in_constant_time(as_bytes("same"), as_bytes("same")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("same"), as_bytes("samf")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("same"), as_bytes("tame")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("same"), as_bytes("sam")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("same"), {}));
}

TEST(Secret, ShowsAFingerprintAndNothingElse) {
  EXPECT_EQ(Secret("abc").masked(), "sha256:ba7816bf… (3 bytes)");
  EXPECT_EQ(Secret().masked(), "(none)");
}

TEST(Secret, MadeOnesAreLongAndDiffer) {
  const Secret one = Secret::generate();
  EXPECT_EQ(one.size(), 43U);
  EXPECT_TRUE(decode_base64(one.reveal(), Base64::Url).has_value());
  EXPECT_NE(one.reveal(), Secret::generate().reveal());
}

}  // namespace
}  // namespace tidegate::auth
