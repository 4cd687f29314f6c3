// How many connections the process may hold: the operating system's limit on file descriptors,
// raised as far as it lets us, but no further than the library's tables stay cheap.
#pragma once

#include <cstddef>

namespace tidegate::net {

/// Sets RLIMIT_NOFILE for `connections_wanted` and returns how many of them it allows.
std::size_t fit_file_limit(std::size_t connections_wanted);

}  // namespace tidegate::net
