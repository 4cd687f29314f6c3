// Apply: the one place where a record that is durable is accepted, refused or called a duplicate.
// It reads the record, its place, and what was applied before, and nothing else (no clock, no
// configuration that could differ), so that every reader of one log decides alike.
#pragma once

#include <variant>

#include "edge/relay/channel_log.h"
#include "edge/relay/idempotency_window.h"
#include "edge/relay/relay_effect.h"

namespace tidegate::relay {

struct Accepted {};
struct DuplicateOf {
  Offset original;
};
/// Its source version is not above the latest: dropped, as its publisher wants it to be.
struct Stale {};
/// The record is of another version than the condition names.
struct Conflict {
  RecordVersion current;
};
struct Refused {
  Error error;
};
using Verdict = std::variant<Accepted, DuplicateOf, Stale, Conflict, Refused>;

/// Judges the record and applies it: the log gets its entry (a cover unless accepted), the window
/// its keys. `range` begins at the log's top.
///
/// What was refused under an idempotency key stays refused: a sending that comes late, over a
/// connection given up long ago, does not undo what its publisher was told meanwhile.
Verdict apply(const LogRecord& record, StreamRange range, ChannelLog& log,
              IdempotencyWindow& window);

/// What a store keeps of the record when it is trimmed, for remember().
RememberedKeys remembered_keys(const LogRecord& record, RememberedPlace place);
/// What apply would have remembered of a publish that has been trimmed since.
void remember(const RememberedKeys& keys, IdempotencyWindow& window);

}  // namespace tidegate::relay
