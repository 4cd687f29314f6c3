#include "edge/auth/token_mint.h"

#include "core/base/base64.h"
#include "core/base/json_scan.h"
#include "edge/auth/jwt_claims.h"

namespace tidegate::auth {
namespace {

using nlohmann::json;

json claims_of(const TokenRequest& request, WallTime now) {
  const std::int64_t issued = wall_ms(now) / 1000;
  const std::int64_t ttl = std::chrono::duration_cast<std::chrono::seconds>(request.ttl).count();
  json claims = {{"sub", request.subject}, {"iat", issued}, {"exp", issued + ttl}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) claims[name] = value;
  };
  add("tenant", request.tenant);
  add("jti", request.token_id);
  add("iss", request.issuer);
  add("aud", request.audience);
  json capabilities = json::array();
  for (const TokenGrant& grant : request.grants) {
    capabilities.push_back({{"channels", grant.channels}, {"allow", grant.allow}});
  }
  claims["capabilities"] = std::move(capabilities);
  return claims;
}

std::string part(const json& object) {
  const std::string text = object.dump(-1, ' ', false, json::error_handler_t::replace);
  return encode_base64(as_bytes(text), Base64::Url);
}

}  // namespace

Result<std::string> mint_token(const JwtKey& key, const TokenRequest& request, WallTime now) {
  if (request.ttl < std::chrono::seconds{1}) {
    return Error{ErrorCode::BadRequest, "the token's ttl must be a second or more", 0};
  }
  for (const std::string* text :
       {&request.subject, &request.token_id, &request.issuer, &request.audience}) {
    if (!is_valid_utf8(as_bytes(*text))) {
      return Error{ErrorCode::BadRequest, "the token's texts must be valid UTF-8", 0};
    }
  }
  const json claims = claims_of(request, now);
  const auto readable = read_claims(claims, JwtPolicy{request.issuer, request.audience}, now);
  if (!readable) return Error{ErrorCode::BadRequest, readable.error().message, 0};
  const json header = {{"alg", jwt_algorithm_name(key.algorithm())}, {"typ", "JWT"}};
  const std::string signed_text = part(header) + "." + part(claims);
  std::string token = signed_text + "." + encode_base64(key.sign(signed_text), Base64::Url);
  if (token.size() > limits::token_bytes_max) {
    return Error{ErrorCode::BadRequest,
                 "the token would have " + std::to_string(token.size()) + " bytes, at most " +
                     std::to_string(limits::token_bytes_max) + " are allowed: name fewer patterns",
                 0};
  }
  return token;
}

}  // namespace tidegate::auth
