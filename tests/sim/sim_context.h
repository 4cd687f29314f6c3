// What every part of a world shares: virtual time, the trace, the options, and the list of
// violations. A world owns exactly one; worlds share nothing, so any number of them may run on
// threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/prng.h"
#include "core/base/time.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/sim_options.h"

namespace tidegate::sim {

/// What happened, as a running hash, and as lines on the screen when someone wants to read along.
class Trace {
 public:
  explicit Trace(bool verbose) : verbose_(verbose) {}
  bool verbose() const { return verbose_; }
  std::uint64_t hash() const { return hash_; }
  void note(Instant now, std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0,
            std::uint64_t c = 0);
  /// Only shown, never hashed: for words that are costly to make. Ask verbose() first.
  void say(Instant now, const std::string& text) const;

 private:
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15ULL + (hash_ >> 29); }
  bool verbose_;
  std::uint64_t hash_ = 0x7469646567617465ULL;
};

struct Violation {
  std::string checker;
  std::string text;
  Instant when;
};

struct SimContext {
  SimContext(const SimOptions& with, bool verbose) : options(with), trace(verbose) {}
  SimContext(const SimContext&) = delete;
  SimContext& operator=(const SimContext&) = delete;

  const SimOptions options;
  EventQueue queue;
  Trace trace;
  std::vector<Violation> violations;
  /// Calendar time jumps; monotonic time does not. The relay's clock; clients see it with their
  /// skew.
  std::chrono::milliseconds wall_jump{0};
  bool wall_has_jumped = false;
  /// False once the last fault has been and everything must become well.
  bool faults_on = true;

  Now now() const;
  void note(std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0) {
    trace.note(queue.now(), what, a, b, c);
  }
  void fail(std::string_view checker, std::string text);
  bool failed() const { return !violations.empty(); }
  /// One generator for each concern, so that a change in one does not reshuffle the others.
  Prng prng(std::string_view concern) const;
  /// True with the given chance while faults are on.
  bool strikes(Prng& prng, std::uint64_t one_in) const { return faults_on && prng.one_in(one_in); }
};

std::string show_time(Instant when);

}  // namespace tidegate::sim
