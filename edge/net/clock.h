// The real clocks and the operating system's entropy: the two things that the logic of the relay
// and of the client never reach for, gathered in one place so that everything else takes them as
// arguments.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/time.h"

namespace tidegate::net {

Now real_now();

/// 64 bits from getrandom(2).
std::uint64_t entropy64();
/// 22 URL-safe characters made of 128 bits of entropy.
std::string entropy_text();

}  // namespace tidegate::net
