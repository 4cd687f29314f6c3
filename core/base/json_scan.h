// Proves that a payload is exactly one JSON value in valid UTF-8 with bounded nesting (RFC 8259),
// without building anything. Every path that brings payloads in calls this before the append, so
// that a block's JSON array is always well formed.
#pragma once

#include "core/base/types.h"

namespace tidegate {

/// InvalidPayload, naming what is wrong and at which byte, unless `text` is one JSON value.
/// Space around the value is allowed; a lone surrogate escape is not.
Status check_json(std::string_view text, std::size_t depth_max);

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(ByteView bytes);

}  // namespace tidegate
