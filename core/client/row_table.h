// The hot path's output: one 16-byte entry for each delivered row, pointing into the bytes the row
// came in. Nothing is copied or decoded; JavaScript reads this table straight from WebAssembly
// memory.
#pragma once

#include <cstdint>

namespace tidegate {

struct RowEntry {
  std::uint32_t row_at;      // the 32-byte wire row (protocol/wire_format.h), within the source
  std::uint32_t payload_at;  // its payload, within the source; its length stands in the wire row
  std::uint32_t event;       // interned event name (EventNamed), kNoEventName when it has none
  std::uint32_t heap_at;     // the block's string heap within the source, for key and event id
};
static_assert(sizeof(RowEntry) == 16);

inline constexpr std::uint32_t kNoEventName = 0xFFFFFFFF;

}  // namespace tidegate
