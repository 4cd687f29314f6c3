// TIDEGATE_CHECK stays on in every build. It guards against defects of ours, never against input:
// bad input is an Error. A failed check ends the process (a trap in WebAssembly) at the place of
// the defect rather than later with corrupted state.
#pragma once

#define TIDEGATE_CHECK(condition)    \
  do {                               \
    if (!(condition)) [[unlikely]] { \
      __builtin_trap();              \
    }                                \
  } while (false)
