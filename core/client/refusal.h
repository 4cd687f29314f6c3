// What a refused command means for whoever gave it: the same rule for subscribes and publishes,
// read from the range of the error's code.
#pragma once

#include <cstdint>

#include "core/base/error.h"
#include "core/client/backoff.h"
#include "core/client/session_output.h"

namespace tidegate {

/// What a refusal meant to the part it was offered to.
enum class RefusalVerdict : std::uint8_t { NotMine, Settled, RenewToken };

constexpr bool asks_for_token(ErrorCode code) {
  const auto value = static_cast<std::uint16_t>(code);
  return value >= 200 && value < 300;
}

/// When a temporary refusal lets us try again: as the relay says, else with backoff.
inline Duration refusal_delay(SessionOutput& output, const Error& error, std::uint32_t attempt) {
  if (error.retry_after_ms != 0) {
    return std::chrono::milliseconds(error.retry_after_ms);
  }
  return backoff_delay(output.prng, output.options.backoff_base, output.options.backoff_cap,
                       attempt);
}

}  // namespace tidegate
