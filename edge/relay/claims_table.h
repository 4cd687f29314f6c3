// Claims that are equal are kept once: thousands of sessions with one token, or one user's many
// tabs, share them.
#pragma once

#include <map>
#include <memory>

#include "core/base/hash.h"
#include "edge/relay/claims.h"

namespace tidegate::relay {

class ClaimsTable {
 public:
  explicit ClaimsTable(std::uint64_t seed) : seed_(seed) {}

  /// The claims to hold instead of `claims`: equal ones that a session already holds, or these.
  ClaimsPtr intern(ClaimsPtr claims);
  std::size_t size() const { return known_.size(); }

 private:
  void forget_unused();

  std::uint64_t seed_;
  std::size_t forget_at_size_ = 64;
  std::map<Hash128, std::weak_ptr<const Claims>> known_;
};

}  // namespace tidegate::relay
