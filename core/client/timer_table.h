// The session's deadlines in one place: each part says when it wants to be woken, the table says
// which of them is first, and the shell arms a single timer for that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/time.h"

namespace tidegate {

/// Who is waiting. Timers that are due together fire in this order.
enum class Timer : std::uint8_t {
  Connection,     // token, connect and retry deadlines: SessionState has one at a time
  Heartbeat,      // silence that means loss, or a probe's answer
  Subscriptions,  // answers, retries, lingering
  Outbox,         // publish timeouts and retries
  BatchFlush,     // the end of batch_delay
};
inline constexpr std::size_t kTimerCount = 5;

class TimerTable {
 public:
  void set(Timer timer, std::optional<Instant> deadline) { slot(timer) = deadline; }
  bool is_due(Timer timer, Instant now) const;
  /// The earliest of all; nullopt when nothing is waited for.
  std::optional<Instant> next_deadline() const;

 private:
  std::optional<Instant>& slot(Timer timer) { return deadlines_[static_cast<std::size_t>(timer)]; }

  std::array<std::optional<Instant>, kTimerCount> deadlines_;
};

/// The earlier of two deadlines, where either may be missing.
std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b);

}  // namespace tidegate
