// How readers of a run look at records, by the oracle's own answer: what an outsider is shown of
// them (tests/sim/sim_redaction.h has the relay's part), and then the filter that it may ask for,
// which goes over the wire as text. 0 is no filter. The fields are those that
// tests/sim/record_intents.cc makes up.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/check/record_book.h"

namespace tidegate::sim {

inline constexpr std::uint32_t kRecordFilters = 6;

std::string record_filter_text(std::uint32_t filter);

struct RecordSight {
  std::uint32_t filter = 0;
  /// Is shown nothing but the field `n`, and does not learn of records with mark 3.
  bool is_outsider = false;
};
/// True when the record exists and its reader is shown it.
bool is_visible(const RecordSight& sight, const RecordState* state);

struct ShownRecord {
  bool binary = false;
  std::string payload;
};
/// What it is shown of a visible one.
ShownRecord shown_of(const RecordSight& sight, const RecordState& state);

}  // namespace tidegate::sim
