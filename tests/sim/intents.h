// Makes up what publishers want to publish: payloads that are all different, now and then one that
// has to be refused. Every payload carries its number, so that a row that reaches the wrong place
// is known.
#pragma once

#include "tests/sim/check/oracle.h"
#include "tests/sim/sim_context.h"

namespace tidegate::sim {

class IntentMaker {
 public:
  IntentMaker(SimContext& context, Oracle& oracle)
      : context_(context), oracle_(oracle), prng_(context.prng("intents")) {}

  /// `key`: the idempotency key; empty for a publish that must not be repeated.
  std::uint64_t make(ChannelRef channel, std::string key, std::string event_id = "");
  /// One that no relay may accept.
  std::uint64_t make_invalid(ChannelRef channel, std::string key);
  /// One that a publisher without the right to it makes.
  std::uint64_t make_forbidden(ChannelRef channel, std::string key);

 private:
  Intent draft(ChannelRef channel, std::string key, std::string event_id);

  SimContext& context_;
  Oracle& oracle_;
  Prng prng_;
};

}  // namespace tidegate::sim
