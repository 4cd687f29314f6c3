#include "edge/net/clock.h"

#include <sys/random.h>

#include <chrono>

#include "core/base/check.h"

namespace tidegate::net {

Now real_now() {
  const auto monotonic = std::chrono::steady_clock::now().time_since_epoch();
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return Now{Instant{std::chrono::duration_cast<Duration>(monotonic)},
             WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(wall)}};
}

std::uint64_t entropy64() {
  std::uint64_t value = 0;
  // Requests of up to 256 bytes are never cut short once the kernel's pool is ready.
  TIDEGATE_CHECK(getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

std::string entropy_text() {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  for (int half = 0; half < 2; ++half) {
    std::uint64_t bits = entropy64();
    for (int i = 0; i < 11; ++i, bits >>= 6) {
      text.push_back(kAlphabet[bits & 63]);
    }
  }
  return text;
}

}  // namespace tidegate::net
