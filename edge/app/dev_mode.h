// Development mode: everything that makes trying it out easy and that nobody wants in production,
// in one place. It holds on loopback only.
#pragma once

#include <optional>
#include <string>

#include "edge/app/config.h"
#include "edge/app/static_files.h"
#include "edge/auth/token_mint.h"

namespace tidegate::app {

/// "127.0.0.1", "::1", "localhost".
bool is_loopback_host(std::string_view host);
/// True for http(s)://localhost, 127.x.y.z and [::1], with any port.
bool is_loopback_origin(std::string_view origin);
/// The same for a Host header. A page of another site that points its own name at this machine
/// (DNS rebinding) is known by it.
bool is_loopback_authority(std::string_view authority);

struct DevOptions {
  std::string secret;  // empty: made anew, so that older tokens are refused
  std::string key;     // empty: made anew
};

/// What development mode adds to a configuration, and what it tells.
struct DevMode {
  auth::Secret secret;
  auth::Secret key;
  std::vector<std::string> notes;  // for the person at the terminal
};

/// Refuses a host that is not loopback (BadRequest). Adds a key for everything, a secret, and, when
/// the configuration has none, permissive namespaces.
Result<DevMode> enter_dev_mode(const DevOptions& options, Config& config);

/// A token that may do everything.
Result<std::string> dev_token(const auth::JwtKey& key, const AuthSettings& auth, WallTime now);

}  // namespace tidegate::app
