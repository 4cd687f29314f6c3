// The text of a filter (docs/FILTERS.md) as a tree of comparisons. What is wrong is said for the
// person who wrote it: at which byte, and what is allowed there.
#pragma once

#include <string_view>

#include "core/filter/filter_node.h"

namespace tidegate::filter {

/// Not yet canonical. BadRequest for what is no filter, LimitExceeded for one over a limit.
Result<FilterNode> parse_filter(std::string_view text);

}  // namespace tidegate::filter
