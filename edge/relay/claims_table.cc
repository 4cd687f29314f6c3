#include "edge/relay/claims_table.h"

#include <algorithm>
#include <string>

#include "core/base/limits.h"
#include "edge/relay/counted_text.h"

namespace tidegate::relay {
namespace {

std::string text_of(const Claims& claims) {
  std::string text;
  append_counted(text, claims.tenant);
  append_counted(text, claims.subject);
  append_counted(text, claims.token_id);
  append_counted(text, claims.expires_at ? std::to_string(wall_ms(*claims.expires_at)) : "");
  for (const Capability& capability : claims.capabilities) {
    text += '(';
    append_counted(text, std::to_string(capability.allow));
    for (const ChannelPattern& pattern : capability.channels) {
      append_counted(text, pattern.text());
    }
  }
  return text;
}

}  // namespace

ClaimsPtr ClaimsTable::intern(ClaimsPtr claims) {
  const Hash128 hash = hash128(text_of(*claims), seed_);
  const auto found = known_.find(hash);
  if (found != known_.end()) {
    if (ClaimsPtr known = found->second.lock()) {
      return known;
    }
    found->second = claims;
    return claims;
  }
  if (--news_until_forgetting_ == 0) {
    forget_unused();
  }
  if (known_.size() < limits::claims_interned_max) {
    known_.emplace(hash, claims);
  }
  return claims;
}

void ClaimsTable::forget_unused() {
  for (auto entry = known_.begin(); entry != known_.end();) {
    entry = entry->second.expired() ? known_.erase(entry) : std::next(entry);
  }
  news_until_forgetting_ = std::max(kNewsMin, known_.size());  // so that each costs little
}

}  // namespace tidegate::relay
