#include "edge/auth/secret.h"

#include "core/base/base64.h"
#include "edge/auth/digest.h"

namespace tidegate::auth {
namespace {

constexpr std::size_t kGeneratedBytes = 32;
constexpr std::size_t kFingerprintBytes = 4;

}  // namespace

Secret Secret::generate() {
  return Secret(encode_base64(secret_bytes(kGeneratedBytes), Base64::Url));
}

std::string Secret::masked() const {
  if (empty()) return "(none)";
  constexpr std::string_view kHex = "0123456789abcdef";
  const Sha256 digest = sha256(bytes());
  std::string text = "sha256:";
  for (std::size_t i = 0; i < kFingerprintBytes; ++i) {
    text.push_back(kHex[digest[i] >> 4]);
    text.push_back(kHex[digest[i] & 15]);
  }
  return text + "… (" + std::to_string(size()) + " bytes)";
}

}  // namespace tidegate::auth
