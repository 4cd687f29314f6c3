// Apply: the one place where a record that is durable is accepted, refused or called a duplicate.
// It reads the record, its place, and what was applied before, and nothing else (no clock, no
// configuration that could differ), so that every reader of one log decides alike.
#pragma once

#include <variant>

#include "edge/relay/channel_log.h"
#include "edge/relay/idempotency_window.h"

namespace tidegate::relay {

struct Accepted {};
struct DuplicateOf {
  Offset original;
};
struct Refused {
  Error error;
};
using Verdict = std::variant<Accepted, DuplicateOf, Refused>;

/// Judges the record and applies it: the log gets its entry (a cover unless accepted), the window
/// its keys. `range` begins at the log's top.
Verdict apply(const LogRecord& record, StreamRange range, ChannelLog& log,
              IdempotencyWindow& window);

}  // namespace tidegate::relay
