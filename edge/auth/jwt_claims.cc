#include "edge/auth/jwt_claims.h"

#include <algorithm>
#include <optional>

namespace tidegate::auth {
namespace {

using nlohmann::json;

// Times beyond these are mistakes (milliseconds, say); within them the arithmetic cannot overflow.
constexpr double kSecondsMax = 253402300799.0;  // the end of the year 9999

Error invalid(std::string message) { return Error{ErrorCode::TokenInvalid, std::move(message), 0}; }

Error wrong(std::string_view claim, std::string_view what) {
  return invalid("the token's " + std::string(claim) + " " + std::string(what));
}

/// A numeric date in seconds, perhaps with a fraction; nullopt when the claim is not there.
Result<std::optional<WallTime>> read_time(const json& payload, const char* claim) {
  const auto at = payload.find(claim);
  if (at == payload.end()) return std::optional<WallTime>();
  if (!at->is_number()) return wrong(claim, "is not a number of seconds since 1970");
  const double seconds = at->get<double>();
  if (!(seconds >= 0 && seconds <= kSecondsMax)) {
    return wrong(claim, "is not a time: seconds since 1970 are expected");
  }
  return std::optional<WallTime>(wall_from_ms(static_cast<std::int64_t>(seconds * 1000.0)));
}

Result<std::string> read_text(const json& payload, const char* claim, std::size_t bytes_max) {
  const auto at = payload.find(claim);
  if (at == payload.end()) return std::string();
  if (!at->is_string()) return wrong(claim, "is not a string");
  const auto& text = at->get_ref<const std::string&>();
  if (text.empty() || text.size() > bytes_max) {
    return wrong(claim, "must have 1 to " + std::to_string(bytes_max) + " bytes");
  }
  return text;
}

/// Until when the token is accepted.
Result<WallTime> check_times(const json& payload, const JwtPolicy& policy, WallTime now) {
  const auto leeway = std::chrono::duration_cast<std::chrono::milliseconds>(policy.leeway);
  const auto expires = read_time(payload, "exp");
  if (!expires) return expires.error();
  if (!expires->has_value()) return wrong("exp", "is missing: tokens without an end are refused");
  const auto not_before = read_time(payload, "nbf");
  if (!not_before) return not_before.error();
  const auto issued = read_time(payload, "iat");
  if (!issued) return issued.error();
  if (now >= **expires + leeway) {
    return Error{ErrorCode::TokenExpired, "the token has expired: get a new one", 0};
  }
  if (not_before->has_value() && now + leeway < **not_before) {
    return wrong("nbf", "is in the future: it is not valid yet, or a clock is wrong");
  }
  return **expires + leeway;
}

bool names_audience(const json& aud, const std::string& audience) {
  if (aud.is_string()) return aud.get_ref<const std::string&>() == audience;
  return aud.is_array() && std::any_of(aud.begin(), aud.end(), [&](const json& one) {
           return one.is_string() && one.get_ref<const std::string&>() == audience;
         });
}

Status check_parties(const json& payload, const JwtPolicy& policy) {
  const auto iss = payload.find("iss");
  if (!policy.issuer.empty() &&
      (iss == payload.end() || !iss->is_string() || *iss != policy.issuer)) {
    return wrong("iss", "is not the issuer this relay trusts");
  }
  const auto aud = payload.find("aud");
  if (!policy.audience.empty() &&
      (aud == payload.end() || !names_audience(*aud, policy.audience))) {
    return wrong("aud", "does not name this relay");
  }
  return ok_status();
}

/// The strings of `entry[member]`, which has to be an array with at least one of them.
Result<std::vector<std::string>> read_list(const json& entry, const char* member,
                                           const std::string& where) {
  const auto at = entry.find(member);
  const bool good =
      at != entry.end() && at->is_array() && !at->empty() &&
      std::all_of(at->begin(), at->end(), [](const json& v) { return v.is_string(); });
  if (!good) return wrong(where + "." + member, "is not a list of strings");
  return at->get<std::vector<std::string>>();
}

Result<Capability> read_capability(const json& entry, const std::string& where) {
  if (!entry.is_object()) return wrong(where, "is not an object with channels and allow");
  for (const auto& [name, value] : entry.items()) {
    // An unknown member may have been meant as a restriction: skipping it would give more.
    if (name != "channels" && name != "allow") {
      return wrong(where, "has a member other than channels and allow");
    }
  }
  const auto channels = read_list(entry, "channels", where);
  if (!channels) return channels.error();
  const auto actions = read_list(entry, "allow", where);
  if (!actions) return actions.error();
  Capability capability;
  for (const std::string& text : *channels) {
    auto pattern = ChannelPattern::parse(text);
    if (!pattern)
      return wrong(where + ".channels", "has a bad pattern: " + pattern.error().message);
    capability.channels.push_back(std::move(*pattern));
  }
  for (const std::string& name : *actions) {
    const auto action = parse_action(name);
    if (!action) return wrong(where + ".allow", "has an unknown action: " + action.error().message);
    capability.allow |= static_cast<std::uint8_t>(*action);
  }
  return capability;
}

Result<std::vector<Capability>> read_capabilities(const json& payload) {
  std::vector<Capability> capabilities;
  const auto list = payload.find("capabilities");
  if (list == payload.end()) return capabilities;
  if (!list->is_array()) return wrong("capabilities", "is not a list");
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto capability = read_capability((*list)[i], "capabilities[" + std::to_string(i) + "]");
    if (!capability) return capability.error();
    capabilities.push_back(std::move(*capability));
  }
  return capabilities;
}

Status read_names(const json& payload, relay::Claims& claims) {
  auto subject = read_text(payload, "sub", limits::token_subject_bytes_max);
  if (!subject) return subject.error();
  if (subject->empty()) return wrong("sub", "is missing: it names the user");
  auto tenant = read_text(payload, "tenant", limits::tenant_bytes_max);
  if (!tenant) return tenant.error();
  if (!tenant->empty() && !is_tenant_name(*tenant)) {
    return wrong("tenant", "may only have letters, digits and _ . ~ -");
  }
  auto token_id = read_text(payload, "jti", limits::token_id_bytes_max);
  if (!token_id) return token_id.error();
  claims.subject = std::move(*subject);
  claims.tenant = tenant->empty() ? std::string(kDefaultTenant) : std::move(*tenant);
  claims.token_id = std::move(*token_id);
  return ok_status();
}

}  // namespace

bool is_tenant_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::tenant_bytes_max &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '.' || c == '~' || c == '-';
         });
}

Result<relay::ClaimsPtr> read_claims(const json& payload, const JwtPolicy& policy, WallTime now) {
  const auto accepted_until = check_times(payload, policy, now);
  if (!accepted_until) return accepted_until.error();
  const Status parties = check_parties(payload, policy);
  if (!parties) return parties.error();
  auto claims = std::make_shared<relay::Claims>();
  const Status names = read_names(payload, *claims);
  if (!names) return names.error();
  auto capabilities = read_capabilities(payload);
  if (!capabilities) return capabilities.error();
  claims->capabilities = std::move(*capabilities);
  claims->expires_at = *accepted_until;
  return relay::ClaimsPtr(std::move(claims));
}

}  // namespace tidegate::auth
