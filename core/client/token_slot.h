// The token a session holds, and whether it may be used once more. A token is fetched when there is
// none, when the relay asked for another, or when the welcome said that it has run out by now; a
// token of which nothing bad is known is used again, so that a flapping network does not load the
// application's token endpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace tidegate {

class TokenSlot {
 public:
  /// A new token. False, and nothing is kept, when it is longer than limits::token_bytes_max.
  bool offer(std::string_view token);
  /// The token goes out with a hello now.
  const std::string& use();
  /// The welcome's token_expires_in_ms; 0: never.
  void handle_lifetime(Now now, std::uint64_t expires_in_ms);
  /// The relay wants another. A token offered since the last use is not meant by it.
  void reject();

  /// False: fetch one first.
  bool is_usable(Now now) const;
  /// Never sent so far.
  bool is_unused() const { return standing_ == Standing::Unused; }

 private:
  enum class Standing : std::uint8_t { Missing, Unused, Used, Rejected };

  std::string token_;
  Standing standing_ = Standing::Missing;
  std::optional<WallTime> expires_;
};

}  // namespace tidegate
