// The counting operator new stands in a file of its own: where a compiler sees it together with its
// callers, it warns about the pairing of new with free.
#include "tests/unit/core/client/allocation_counter.h"

#include <cstdlib>
#include <new>

namespace {
std::size_t allocations = 0;
}  // namespace

namespace tidegate::testing {
std::size_t allocation_count() { return allocations; }
}  // namespace tidegate::testing

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
