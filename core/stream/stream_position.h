// Where a reader is in a channel: always epoch and offset together. A lone offset is meaningless,
// because an offset of one epoch says nothing about another.
#pragma once

#include "core/base/types.h"

namespace tidegate {

struct StreamPosition {
  Epoch epoch;
  Offset offset;
  auto operator<=>(const StreamPosition&) const = default;
};

/// The half-open range (previous, offset] within one epoch. `previous == offset` is an empty range.
struct StreamRange {
  Offset previous;
  Offset offset;
  auto operator<=>(const StreamRange&) const = default;
  /// A range never runs backwards; decoders refuse those that do.
  bool valid() const { return previous <= offset; }
};

}  // namespace tidegate
