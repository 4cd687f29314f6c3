#include "core/client/backoff.h"

#include <algorithm>

namespace tidegate {

Duration backoff_delay(Prng& prng, Duration base, Duration cap, std::uint32_t attempt) {
  Duration ceiling = std::clamp(base, Duration::zero(), std::max(cap, Duration::zero()));
  for (std::uint32_t i = 0; i < attempt && ceiling > Duration::zero() && ceiling < cap; ++i) {
    ceiling = ceiling > cap / 2 ? cap : ceiling * 2;
  }
  return prng.duration_up_to(ceiling);
}

}  // namespace tidegate
