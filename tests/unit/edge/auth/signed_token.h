// Tokens for the tests, made by hand: any header, any payload text, any signature, so that
// malformed ones can be made that no library would mint.
#pragma once

#include <string>
#include <string_view>

#include "core/base/base64.h"
#include "edge/auth/digest.h"

namespace tidegate::auth::test {

inline constexpr std::string_view kSecret = "a-secret-of-forty-bytes-for-the-tests-00";
inline constexpr std::string_view kHs256Header = R"({"alg":"HS256","typ":"JWT"})";
/// 2026-01-01T00:00:00Z, the tests' present.
inline constexpr std::int64_t kNowSeconds = 1'767'225'600;
inline constexpr WallTime kNow = wall_from_ms(kNowSeconds * 1000);

inline std::string part(std::string_view text) {
  return encode_base64(as_bytes(text), Base64::Url);
}

inline std::string sign(std::string_view header, std::string_view payload,
                        std::string_view secret = kSecret) {
  const std::string text = part(header) + "." + part(payload);
  return text + "." + encode_base64(hmac_sha256(as_bytes(secret), as_bytes(text)), Base64::Url);
}

/// `members` is put in front of what makes a payload valid: {"sub":"alice","exp":…}.
inline std::string payload_with(std::string_view members = "") {
  return "{" + std::string(members) + R"("sub":"alice","exp":)" +
         std::to_string(kNowSeconds + 600) + "}";
}

}  // namespace tidegate::auth::test
