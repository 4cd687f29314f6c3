#include "edge/auth/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "core/base/check.h"

namespace tidegate::auth {

// These only fail without memory or with a broken installation of the library, and nothing may go
// on as if a hash had been computed: hence checks rather than errors.

Sha256 sha256(ByteView bytes) {
  Sha256 digest{};
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  TIDEGATE_CHECK(done == 1);
  return digest;
}

Sha256 hmac_sha256(ByteView key, ByteView bytes) {
  Sha256 digest{};
  std::size_t size = 0;
  const unsigned char* done =
      EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(), bytes.data(),
                bytes.size(), digest.data(), digest.size(), &size);
  TIDEGATE_CHECK(done != nullptr && size == digest.size());
  return digest;
}

bool equal_in_constant_time(ByteView left, ByteView right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

Bytes secret_bytes(std::size_t count) {
  Bytes bytes(count);
  TIDEGATE_CHECK(RAND_bytes(bytes.data(), static_cast<int>(count)) == 1);
  return bytes;
}

}  // namespace tidegate::auth
