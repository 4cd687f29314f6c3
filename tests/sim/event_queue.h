// Virtual time: a queue of things that will happen, ordered by (time, sequence). Nothing here
// waits; the clock jumps to the next event. The sequence number makes the order of simultaneous
// events part of the run, so a seed replays exactly.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/time.h"

namespace tidegate::sim {

class EventQueue {
 public:
  using Action = std::function<void()>;

  Instant now() const { return now_; }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  std::uint64_t steps() const { return steps_; }
  /// Events carried out since the clock last moved: a livelock shows here.
  std::uint64_t steps_at_this_instant() const { return steps_at_this_instant_; }

  /// `when` before now means now.
  void at(Instant when, Action action);
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  /// Carries out the next event if it is due at or before `limit`, and moves the clock to it.
  bool step(Instant limit);
  /// Moves the clock forward to `limit` when nothing is due before.
  void advance_to(Instant limit);

 private:
  struct Entry {
    Instant when;
    std::uint64_t sequence;
    std::uint32_t slot;
  };
  static bool later(const Entry& a, const Entry& b);

  Instant now_{std::chrono::seconds(1000)};
  std::uint64_t sequence_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t steps_at_this_instant_ = 0;
  std::vector<Entry> heap_;
  std::vector<Action> slots_;
  std::vector<std::uint32_t> free_slots_;
};

}  // namespace tidegate::sim
