// A position as people and URLs write it: "EPOCH:OFFSET".
#pragma once

#include <string_view>

#include "core/stream/stream_position.h"

namespace tidegate::app {

/// BadRequest, beginning with `what` (the option or parameter), for anything else.
Result<StreamPosition> parse_position(std::string_view text, std::string_view what);

}  // namespace tidegate::app
