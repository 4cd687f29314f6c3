// The publishers' side of I1 (and of I4): what was acknowledged stands in the stream of its epoch
// exactly once, at the offset that was told, and nothing stands there twice, whatever was repeated
// and lost.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/base/error.h"
#include "core/protocol/codes.h"
#include "core/stream/stream_position.h"
#include "tests/sim/check/oracle.h"
#include "tests/sim/sim_context.h"

namespace tidegate::sim {

class PublishChecker {
 public:
  PublishChecker(SimContext& context, const Oracle& oracle) : context_(context), oracle_(oracle) {}

  /// A client session makes this publish now, after all its earlier ones.
  void made(std::uint64_t intent, const std::string& session);
  void acknowledged(std::uint64_t intent, PublishOutcome outcome, const StreamPosition& position);
  void failed(std::uint64_t intent, const Error& error);
  /// Every acknowledgement so far, once more: crashes may not have undone any in a living epoch.
  void check_all();
  /// What one session published to one channel stands there in the order in which it was made.
  /// Holds as long as nothing was refused for now: who is told to repeat something later cannot
  /// keep its place.
  void check_order();

  std::uint64_t acknowledgements() const { return acknowledgements_; }
  std::uint64_t failures(ErrorCode code) const;

 private:
  void check(std::uint64_t intent, const std::string& epoch, std::uint64_t offset);

  SimContext& context_;
  const Oracle& oracle_;
  struct Authorship {
    std::string session;
    std::uint64_t sequence = 0;
  };
  void check_order_of(const OracleStream& stream);
  std::map<std::uint64_t, Authorship> authors_;  // by intent
  std::uint64_t acknowledgements_ = 0;
  std::map<std::pair<std::uint64_t, std::string>, std::uint64_t> acknowledged_at_;
  std::set<std::pair<std::uint64_t, std::string>> applied_;  // said to be the first
  std::map<ErrorCode, std::uint64_t> failures_;
};

}  // namespace tidegate::sim
