// I4: whoever repeats a publish under its key is given the first answer for as long as the relay's
// window reaches. Judged by what publishers are told alone, and when: the oracle, which folds what
// the store holds, may be as wrong as the relay. Beyond the window a key may be used anew.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/protocol/codes.h"
#include "core/stream/stream_position.h"
#include "tests/sim/check/oracle.h"
#include "tests/sim/sim_context.h"
#include "tests/sim/sim_directory.h"

namespace tidegate::sim {

class RepetitionChecker {
 public:
  RepetitionChecker(SimContext& context, const Oracle& oracle, const SimDirectory& directory)
      : context_(context), oracle_(oracle), directory_(directory) {}

  /// `asked_at`: when the request left that is answered now.
  void answered(std::uint64_t intent, PublishOutcome outcome, const StreamPosition& position,
                Instant asked_at);
  /// Answers that named the same position as one before.
  std::uint64_t replayed() const { return replayed_; }

 private:
  /// The publication at one position: it was made after `earliest` and before `latest`.
  struct Made {
    Instant earliest;
    Instant latest;
  };
  /// Two publications that were made with certainty within one window.
  bool are_together(const Made& first, const Made& second) const;

  SimContext& context_;
  const Oracle& oracle_;
  const SimDirectory& directory_;
  std::map<std::pair<std::uint64_t, std::string>, std::map<std::uint64_t, Made>> told_;
  std::uint64_t replayed_ = 0;
};

}  // namespace tidegate::sim
