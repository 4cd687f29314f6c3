// The publishers' side of I1 (and of I4): what was acknowledged stands in the stream of its epoch
// exactly once, at the offset that was told, and nothing stands there twice, whatever was repeated
// and lost. Of two publishes that insist on the same version of a record one is accepted at most.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "core/base/error.h"
#include "core/protocol/codes.h"
#include "core/stream/stream_position.h"
#include "tests/sim/check/oracle.h"
#include "tests/sim/check/repetition_checker.h"
#include "tests/sim/check/signal_checker.h"
#include "tests/sim/sim_context.h"
#include "tests/sim/sim_directory.h"

namespace tidegate::sim {

class PublishChecker {
 public:
  PublishChecker(SimContext& context, const Oracle& oracle, const SimDirectory& directory,
                 SignalChecker& signals)
      : context_(context),
        oracle_(oracle),
        directory_(directory),
        signals_(signals),
        repetitions_(context, oracle, directory) {}

  /// A client session makes this publish now, after all its earlier ones.
  void made(std::uint64_t intent, const std::string& session);
  /// `asked_at`: when the request left, where it is known; else it was when the intent was made.
  void acknowledged(std::uint64_t intent, PublishOutcome outcome, const StreamPosition& position,
                    std::optional<Instant> asked_at = std::nullopt);
  void failed(std::uint64_t intent, const Error& error);
  /// A condition on a record's version was not met; this is the record that was told, of version 0
  /// when there was none.
  struct ToldRecord {
    std::uint64_t version = 0;
    bool binary = false;
    std::string_view payload;
  };
  void conflicted(std::uint64_t intent, const ToldRecord& record);
  /// Every acknowledgement so far, once more: crashes may not have undone any in a living epoch.
  void check_all();
  /// What one session published to one channel stands there in the order in which it was made.
  /// Holds as long as nothing was refused for now: who is told to repeat something later cannot
  /// keep its place. Nor can what is refused when its turn comes first, and accepted when its
  /// repetition's does: a merge into what is no object, a condition.
  void check_order();

  std::uint64_t acknowledgements() const { return acknowledgements_; }
  std::uint64_t conflicts() const { return conflicts_; }
  std::uint64_t stale() const { return stale_; }
  std::uint64_t replayed() const { return repetitions_.replayed(); }
  std::uint64_t failures(ErrorCode code) const;

 private:
  void check(std::uint64_t intent, const std::string& epoch, std::uint64_t offset);
  void check_refused(std::uint64_t intent, const std::string& why);
  void check_condition(std::uint64_t intent, const std::string& epoch, std::uint64_t offset);

  SimContext& context_;
  const Oracle& oracle_;
  const SimDirectory& directory_;
  SignalChecker& signals_;
  struct Authorship {
    std::string session;
    std::uint64_t sequence = 0;
  };
  void check_order_of(const OracleStream& stream);
  RepetitionChecker repetitions_;
  std::map<std::uint64_t, Authorship> authors_;  // by intent
  std::uint64_t acknowledgements_ = 0;
  std::uint64_t stale_ = 0;
  using Answer = std::tuple<std::uint64_t, std::string, std::uint64_t>;  // intent, epoch, offset
  std::set<Answer> acknowledged_;
  std::set<Answer> applied_;  // said to be the first
  std::map<ErrorCode, std::uint64_t> failures_;
  std::uint64_t conflicts_ = 0;
  /// A record's version, and where the publish stands that was accepted on its condition.
  using Condition = std::tuple<ChannelRef, std::string, std::string, std::uint64_t>;
  std::map<Condition, std::uint64_t> accepted_on_;
};

}  // namespace tidegate::sim
