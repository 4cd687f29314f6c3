// What a token's signature is verified with. A key belongs to one algorithm for good, and the
// algorithm that a token's header names only chooses among configured keys: so "none" can never be
// chosen, nor can a public key be taken for a shared secret. Further algorithms (RS256, ES256,
// EdDSA) are further factories here; nothing else has to change.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "edge/auth/secret.h"

namespace tidegate::auth {

enum class JwtAlgorithm : std::uint8_t { Hs256 };
std::string_view jwt_algorithm_name(JwtAlgorithm algorithm);

class JwtKey {
 public:
  /// BadRequest for a secret shorter than the hash (limits::hs256_secret_bytes_min): RFC 7518, 3.2.
  static Result<JwtKey> hs256(Secret secret);

  JwtAlgorithm algorithm() const { return algorithm_; }
  bool verify(std::string_view signed_text, ByteView signature) const;
  Bytes sign(std::string_view text) const;

 private:
  JwtKey(JwtAlgorithm algorithm, Secret secret)
      : algorithm_(algorithm), secret_(std::move(secret)) {}

  JwtAlgorithm algorithm_;
  Secret secret_;
};

}  // namespace tidegate::auth
