#include "edge/auth/jwt_verifier.h"

#include <algorithm>
#include <optional>

#include "core/base/base64.h"
#include "edge/auth/json_object.h"
#include "edge/auth/jwt_claims.h"

namespace tidegate::auth {

/// header "." payload "." signature, each still as it stands in the token.
struct JwtVerifier::Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;  // header "." payload

  static std::optional<Parts> split(std::string_view token) {
    const std::size_t first = token.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    const std::size_t second = token.find('.', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    if (token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
    return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                 token.substr(second + 1), token.substr(0, second)};
  }
};

namespace {

Error invalid(std::string message) { return Error{ErrorCode::TokenInvalid, std::move(message), 0}; }

Result<nlohmann::json> parse_part(std::string_view part, std::string_view name) {
  const auto bytes = decode_base64(part, Base64::Url);
  if (!bytes.has_value()) {
    return invalid("the token's " + std::string(name) + " is not base64url without padding");
  }
  auto object = parse_json_object(as_text(*bytes));
  if (!object) {
    return invalid("the token's " + std::string(name) + " " + object.error().message);
  }
  return object;
}

/// The algorithm that the header names, when nothing in it demands what is not offered here.
Result<std::string> algorithm_of(const nlohmann::json& header) {
  if (header.contains("crit")) {
    return invalid("the token's header has a crit list, and none of its extensions are offered");
  }
  const auto alg = header.find("alg");
  if (alg == header.end() || !alg->is_string()) {
    return invalid("the token's header names no algorithm (alg)");
  }
  return alg->get<std::string>();
}

}  // namespace

Status JwtVerifier::check_signature(const Parts& parts) const {
  const auto header = parse_part(parts.header, "header");
  if (!header) return header.error();
  const auto algorithm = algorithm_of(*header);
  if (!algorithm) return algorithm.error();
  const auto signature = decode_base64(parts.signature, Base64::Url);
  if (!signature.has_value()) {
    return invalid("the token's signature is not base64url without padding");
  }
  bool offered = false;
  for (const JwtKey& key : keys_) {
    if (jwt_algorithm_name(key.algorithm()) != *algorithm) continue;
    offered = true;
    if (key.verify(parts.signed_text, *signature)) return ok_status();
  }
  return invalid(offered ? "the token's signature does not match: sign it with this relay's key"
                         : "the token's algorithm is not one this relay accepts: use HS256");
}

Result<relay::ClaimsPtr> JwtVerifier::verify(std::string_view token, WallTime now) const {
  if (token.empty()) {
    return Error{ErrorCode::TokenRequired, "a token is required: get one from the application", 0};
  }
  if (token.size() > limits::token_bytes_max) {
    return invalid("the token has " + std::to_string(token.size()) + " bytes, at most " +
                   std::to_string(limits::token_bytes_max) + " are allowed");
  }
  const auto parts = Parts::split(token);
  if (!parts.has_value()) {
    return invalid("the token is not a JWT: three parts, separated by dots, are expected");
  }
  const Status signature = check_signature(*parts);
  if (!signature) return signature.error();
  const auto payload = parse_part(parts->payload, "payload");
  if (!payload) return payload.error();
  return read_claims(*payload, policy_, now);
}

}  // namespace tidegate::auth
