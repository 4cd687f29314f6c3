// I1 for signals that are too old: none is handed to a transport when more than its time has passed
// since it was stamped. Reads the bytes themselves, as AccessChecker does. (That the stamps are
// true is SignalChecker's matter, which knows when each signal was published.)
//
// Shards stamp what they are given, and the owner takes it in the order in which it comes: so one
// may stand behind a younger one, and goes when that goes, by no more than a mailbox is late.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "core/base/types.h"
#include "tests/sim/sim_context.h"
#include "tests/sim/sim_network.h"

namespace tidegate::sim {

class SignalAgeChecker {
 public:
  explicit SignalAgeChecker(SimContext& context) : context_(context) {}

  /// The relay hands this to a client's transport.
  void relay_wrote(LinkId link, ByteView message);
  void link_over(LinkId link) { streams_.erase(link); }

 private:
  using Stamps = std::map<std::uint64_t, std::int64_t>;  // by offset
  void check_block(Stamps& stamps, std::span<const std::uint8_t> body);
  bool is_young(std::int64_t time_ms, Duration slack) const;

  SimContext& context_;
  /// Of each stream of a link that carries signals: its epoch, which no two channels share.
  std::map<LinkId, std::map<std::uint32_t, std::string>> streams_;
  std::map<std::string, Stamps> written_;  // by epoch
};

}  // namespace tidegate::sim
