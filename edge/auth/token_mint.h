// Makes tokens: for `tidegate token`, for development mode, and for whoever reads this to write the
// same in another language. What it makes, JwtVerifier accepts.
#pragma once

#include <string>
#include <vector>

#include "core/base/time.h"
#include "edge/auth/jwt_key.h"

namespace tidegate::auth {

/// One right: the patterns and what is allowed on their channels ("subscribe", "publish" …).
struct TokenGrant {
  std::vector<std::string> channels;
  std::vector<std::string> allow;
};

struct TokenRequest {
  std::string subject;
  std::string tenant;    // empty: left out
  std::string token_id;  // empty: left out
  std::string issuer;    // empty: left out
  std::string audience;  // empty: left out
  std::vector<TokenGrant> grants;
  Duration ttl{};
};

/// BadRequest, naming the field, for a request whose token no relay would accept.
Result<std::string> mint_token(const JwtKey& key, const TokenRequest& request, WallTime now);

}  // namespace tidegate::auth
