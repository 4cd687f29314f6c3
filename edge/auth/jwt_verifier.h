// Verifies tokens: JWT (RFC 7519) in the compact form, signed by one of the configured keys.
// Whatever is not understood is refused rather than skipped. Messages say what is wrong and never
// contain the token or any part of it.
#pragma once

#include <string>
#include <vector>

#include "core/base/limits.h"
#include "edge/auth/jwt_key.h"
#include "edge/relay/claims.h"

namespace tidegate::auth {

struct JwtPolicy {
  std::string issuer;    // empty: not checked
  std::string audience;  // empty: not checked
  Duration leeway = limits::token_leeway;
};

class JwtVerifier {
 public:
  JwtVerifier(std::vector<JwtKey> keys, JwtPolicy policy)
      : keys_(std::move(keys)), policy_(std::move(policy)) {}

  /// TokenRequired for an empty token, TokenExpired for one that was valid once, else TokenInvalid.
  /// Const and without shared state: any thread may call it.
  Result<relay::ClaimsPtr> verify(std::string_view token, WallTime now) const;

 private:
  struct Parts;
  Status check_signature(const Parts& parts) const;

  std::vector<JwtKey> keys_;
  JwtPolicy policy_;
};

}  // namespace tidegate::auth
