// The merge operation of a state channel: named top-level fields of a record are replaced as they
// are, others are unset. Shallow on purpose, so that merges compose; null is a value like any
// other. Relay and client run this same code, so both hold the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace tidegate {

/// InvalidPayload, naming what is wrong, unless `payload` (checked JSON) is a merge: an object with
/// `set` (an object), `unset` (an array of strings), or both, and nothing else.
Status check_merge(std::string_view payload);

/// True for records that can be merged into: JSON objects.
bool is_mergeable(std::string_view record);

/// The record after the merge. `record` is a JSON object or empty (there is none: the merge begins
/// with `{}`); `payload` has passed check_merge. Fields keep their order and spelling, new ones
/// follow in the order of `set`; fields are the same when their names mean the same text; the last
/// of several equal names in `set` counts. A field in both `set` and `unset` is unset.
std::string shallow_merge(std::string_view record, std::string_view payload);

}  // namespace tidegate
