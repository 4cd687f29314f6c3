// Who a connection speaks for, as its verified token says. Interned per shard: sessions share them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/access/capability.h"
#include "core/base/time.h"

namespace tidegate::relay {

struct Claims {
  std::string tenant;    // never taken from what the client says
  std::string subject;   // "sub"
  std::string token_id;  // "jti", may be empty
  std::vector<Capability> capabilities;
  std::optional<WallTime> expires_at;
};

using ClaimsPtr = std::shared_ptr<const Claims>;

}  // namespace tidegate::relay
