// From a verified token's payload to what the relay knows of its bearer. Names, times and rights
// are checked one by one; a claim that is there and malformed refuses the token, it is never
// skipped.
#pragma once

#include <nlohmann/json.hpp>

#include "edge/auth/jwt_verifier.h"

namespace tidegate::auth {

inline constexpr std::string_view kDefaultTenant = "default";

/// One to limits::tenant_bytes_max bytes of [A-Za-z0-9_.~-].
bool is_tenant_name(std::string_view name);

/// TokenExpired or TokenInvalid, naming the claim.
Result<relay::ClaimsPtr> read_claims(const nlohmann::json& payload, const JwtPolicy& policy,
                                     WallTime now);

}  // namespace tidegate::auth
