#include "edge/auth/jwt_key.h"

#include "core/base/limits.h"
#include "edge/auth/digest.h"

namespace tidegate::auth {

std::string_view jwt_algorithm_name(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::Hs256:
      return "HS256";
  }
  return "";
}

Result<JwtKey> JwtKey::hs256(Secret secret) {
  if (secret.size() < limits::hs256_secret_bytes_min) {
    return Error{ErrorCode::BadRequest,
                 "an HS256 secret needs at least " +
                     std::to_string(limits::hs256_secret_bytes_min) + " bytes, this one has " +
                     std::to_string(secret.size()) + ": make one with `openssl rand -base64 48`",
                 0};
  }
  return JwtKey(JwtAlgorithm::Hs256, std::move(secret));
}

bool JwtKey::verify(std::string_view signed_text, ByteView signature) const {
  return equal_in_constant_time(sign(signed_text), signature);
}

Bytes JwtKey::sign(std::string_view text) const {
  const Sha256 digest = hmac_sha256(secret_.bytes(), as_bytes(text));
  return Bytes(digest.begin(), digest.end());
}

}  // namespace tidegate::auth
