#include "edge/net/drain_window.h"

#include <algorithm>
#include <chrono>

#include "core/base/limits.h"

namespace tidegate::net {

Duration drain_window(std::size_t connections, Duration ceiling) {
  const Duration paced = Duration(std::chrono::seconds(1)) *
                         static_cast<std::int64_t>(connections) /
                         static_cast<std::int64_t>(limits::reconnects_per_second_max);
  return std::min(paced, ceiling);
}

}  // namespace tidegate::net
