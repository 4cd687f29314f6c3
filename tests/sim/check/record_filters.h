// The filters that readers of a run may ask for, each as the text that goes over the wire and as
// the oracle's own answer. 0 is no filter. The fields are those that tests/sim/record_intents.cc
// makes up.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/check/record_book.h"

namespace tidegate::sim {

inline constexpr std::uint32_t kRecordFilters = 6;

std::string record_filter_text(std::uint32_t filter);
/// True when the record exists and the filter lets it through.
bool is_visible(std::uint32_t filter, const RecordState* state);

}  // namespace tidegate::sim
