// API keys: what servers publish and read with. Only digests of their secrets are kept, all of them
// are compared each time, and each comparison takes as long as any other, so that how long a
// refusal takes says nothing about the keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/access/channel_pattern.h"
#include "edge/auth/digest.h"
#include "edge/auth/secret.h"

namespace tidegate::auth {

/// What follows "Bearer" in an Authorization header, in any case, as RFC 9110 has it; empty for any
/// other scheme.
std::string_view bearer_of(std::string_view authorization);

struct ApiKey {
  std::string name;  // for logs, and the scope of idempotency keys; not secret
  std::string tenant;
  std::vector<ChannelPattern> channels;
  Sha256 digest{};

  static ApiKey make(std::string name, const Secret& secret, std::string tenant,
                     std::vector<ChannelPattern> channels);
  /// One of its patterns matches: it may read the channel, and publish to it.
  bool covers(const ChannelName& channel) const;
};

class ApiKeys {
 public:
  ApiKeys() = default;
  explicit ApiKeys(std::vector<ApiKey> keys) : keys_(std::move(keys)) {}

  /// The key of an `Authorization: Bearer …` header. TokenRequired without one, TokenInvalid for
  /// one that is not known. Any thread may call it.
  Result<const ApiKey*> authenticate(std::string_view authorization) const;
  std::size_t size() const { return keys_.size(); }

 private:
  const ApiKey* find(std::string_view secret) const;

  std::vector<ApiKey> keys_;
};

}  // namespace tidegate::auth
