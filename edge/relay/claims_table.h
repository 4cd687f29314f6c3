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
  static constexpr std::size_t kNewsMin = 64;

  void forget_unused();

  std::uint64_t seed_;
  std::size_t news_until_forgetting_ = kNewsMin;
  std::map<Hash128, std::weak_ptr<const Claims>> known_;
};

}  // namespace tidegate::relay
