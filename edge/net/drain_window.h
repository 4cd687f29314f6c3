// How long clients are given to come back when a relay ends.
#pragma once

#include <cstddef>

#include "core/base/time.h"

namespace tidegate::net {

/// Whoever takes over is to meet no more than limits::reconnects_per_second_max of them: the window
/// grows with the connections, up to `ceiling`, which the operator sets.
Duration drain_window(std::size_t connections, Duration ceiling);

}  // namespace tidegate::net
