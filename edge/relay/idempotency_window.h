// Which idempotency keys and event ids a channel has met lately, and how each was answered: with
// the offset and the payload it was accepted with, or with a refusal. Part of applied state: it is
// written by apply alone and its ages are measured by the records' own times, so every reader of
// one log decides alike whatever its clock says. Keys are remembered as 128-bit keyed hashes: a
// bounded cost for each, however long the keys are.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "core/base/hash.h"
#include "core/base/time.h"
#include "core/base/types.h"
#include "edge/relay/log_record.h"

namespace tidegate::relay {

class IdempotencyWindow {
 public:
  struct Answered {
    Offset offset;
    Hash128 payload_hash;
    FirstAnswer answer = FirstAnswer::Accepted;
  };

  /// `seed` is a secret of the process, so that nobody can make keys collide.
  IdempotencyWindow(std::size_t entries_max, Duration age_max, std::uint64_t seed)
      : entries_max_(entries_max), age_max_(age_max), seed_(seed) {}

  /// Held to by the next remember().
  void set_bounds(std::size_t entries_max, Duration age_max) {
    entries_max_ = entries_max;
    age_max_ = age_max;
  }
  /// Keys of one kind never meet those of the other, nor one producer's another's.
  enum class KeyKind : char { IdempotencyKey = 'k', EventId = 'e' };
  Hash128 hash(KeyKind kind, std::string_view producer, std::string_view key) const;

  /// What was answered under the key, when the window still reaches there at the time of a record.
  std::optional<Answered> find(Hash128 key, WallTime record_time) const;
  void remember(Hash128 key, WallTime record_time, Answered answered);
  void clear();
  std::size_t size() const { return entries_.size(); }
  /// True when nothing in it can matter to a record made at `now` or later.
  bool is_stale(WallTime now) const;

 private:
  struct Entry {
    WallTime time;
    Answered answered;
  };
  struct KeyOrder {
    WallTime time;
    Hash128 key;
  };
  struct Bucket {
    std::size_t operator()(const Hash128& key) const { return static_cast<std::size_t>(key.low); }
  };
  bool is_too_old(WallTime time, WallTime now) const { return now - time > age_max_; }

  std::size_t entries_max_;
  Duration age_max_;
  std::uint64_t seed_;
  std::unordered_map<Hash128, Entry, Bucket> entries_;  // looked up only, never walked
  std::deque<KeyOrder> order_;                          // oldest first
};

}  // namespace tidegate::relay
