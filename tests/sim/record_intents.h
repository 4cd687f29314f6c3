// Makes up what publishers do to the records of a state channel: sets, merges that replace and
// unset, deletes; with conditions on versions that may hold and some that cannot, and with counts
// of the publisher's own, now and then out of order.
#pragma once

#include <map>
#include <string>

#include "tests/sim/check/oracle.h"
#include "tests/sim/sim_context.h"

namespace tidegate::sim {

class RecordIntentMaker {
 public:
  RecordIntentMaker(SimContext& context, const Oracle& oracle)
      : context_(context), oracle_(oracle), prng_(context.prng("record intents")) {}

  /// Completes an intent that has a channel.
  void draft(Intent& intent);
  /// Completes it as a set of this key.
  void draft_set(Intent& intent, const std::string& key);
  void draft_delete(Intent& intent, const std::string& key);
  static std::string key_name(std::uint64_t number);

 private:
  std::string pick_key();
  void draft_conditions(Intent& intent);
  RecordFields make_fields(std::uint64_t number, bool whole);
  void render_set(Intent& intent);
  void render_merge(Intent& intent);
  std::string render(const RecordFields& fields);
  std::string make_value();

  SimContext& context_;
  const Oracle& oracle_;
  Prng prng_;
  std::map<std::pair<ChannelRef, std::string>, std::uint64_t> counts_;  // source numbers so far
};

}  // namespace tidegate::sim
