#include "core/client/token_slot.h"

#include <algorithm>

#include "core/base/limits.h"

namespace tidegate {

bool TokenSlot::offer(std::string_view token) {
  if (token.size() > limits::token_bytes_max) {
    return false;
  }
  token_ = std::string(token);
  standing_ = Standing::Unused;
  expires_.reset();
  return true;
}

const std::string& TokenSlot::use() {
  if (standing_ == Standing::Unused) {
    standing_ = Standing::Used;
  }
  return token_;
}

void TokenSlot::handle_lifetime(Now now, std::uint64_t expires_in_ms) {
  if (standing_ != Standing::Used || expires_in_ms == 0) {
    return;
  }
  // A lifetime beyond this is as good as "never", and adding it to a time cannot overflow.
  constexpr std::uint64_t kLifetimeMsMax = 1'000'000'000'000;
  const auto lifetime = static_cast<std::int64_t>(std::min(expires_in_ms, kLifetimeMsMax));
  expires_ = now.wall + std::chrono::milliseconds(lifetime);
}

void TokenSlot::reject() {
  if (standing_ == Standing::Used) {
    standing_ = Standing::Rejected;
  }
}

bool TokenSlot::is_usable(Now now) const {
  if (standing_ == Standing::Unused) {
    return true;
  }
  return standing_ == Standing::Used && (!expires_ || now.wall < *expires_);
}

}  // namespace tidegate
