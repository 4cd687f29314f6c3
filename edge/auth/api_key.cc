#include "edge/auth/api_key.h"

#include <algorithm>

namespace tidegate::auth {
std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  if (authorization.size() <= kScheme.size() || authorization[kScheme.size()] != ' ') return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kScheme[i]) return {};
  }
  authorization.remove_prefix(kScheme.size());
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  return authorization;
}

ApiKey ApiKey::make(std::string name, const Secret& secret, std::string tenant,
                    std::vector<ChannelPattern> channels) {
  return ApiKey{std::move(name), std::move(tenant), std::move(channels), sha256(secret.bytes())};
}

bool ApiKey::covers(const ChannelName& channel) const {
  return std::any_of(channels.begin(), channels.end(),
                     [&](const ChannelPattern& pattern) { return pattern.matches(channel); });
}

Result<const ApiKey*> ApiKeys::authenticate(std::string_view authorization) const {
  const std::string_view secret = bearer_of(authorization);
  if (secret.empty()) {
    return Error{ErrorCode::TokenRequired,
                 "an API key is required: send the header `Authorization: Bearer KEY`", 0};
  }
  const ApiKey* key = find(secret);
  if (key == nullptr) {
    return Error{ErrorCode::TokenInvalid,
                 "this API key is not known here: use one of the relay's configuration", 0};
  }
  return key;
}

const ApiKey* ApiKeys::find(std::string_view secret) const {
  const Sha256 digest = sha256(as_bytes(secret));
  const ApiKey* found = nullptr;
  for (const ApiKey& key : keys_) {
    if (equal_in_constant_time(key.digest, digest)) found = &key;
  }
  return found;
}

}  // namespace tidegate::auth
