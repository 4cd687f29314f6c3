// Counts the allocations of this test program, so that "allocates nothing" can be asserted.
#pragma once

#include <cstddef>

namespace tidegate::testing {

/// Calls of operator new so far.
std::size_t allocation_count();

}  // namespace tidegate::testing
