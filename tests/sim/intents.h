// Makes up what publishers want to publish: payloads that are all different, now and then one that
// has to be refused. Every payload carries its number, so that a row that reaches the wrong place
// is known.
#pragma once

#include <map>
#include <string>

#include "core/stream/publication.h"
#include "tests/sim/check/oracle.h"
#include "tests/sim/record_intents.h"
#include "tests/sim/sim_context.h"
#include "tests/sim/sim_directory.h"

namespace tidegate::sim {

class IntentMaker {
 public:
  IntentMaker(SimContext& context, Oracle& oracle, const SimDirectory& directory)
      : context_(context),
        oracle_(oracle),
        directory_(directory),
        records_(context, oracle),
        prng_(context.prng("intents")),
        counting_(context.prng("source counts")) {}

  /// `key`: the idempotency key; empty for a publish that must not be repeated.
  std::uint64_t make(ChannelRef channel, std::string key, std::string event_id = "");
  /// A set of one record.
  std::uint64_t make_set(ChannelRef channel, std::string key, const std::string& record_key);
  std::uint64_t make_delete(ChannelRef channel, std::string key, const std::string& record_key);
  /// One that may be made twice at a time: its verdict does not depend on when its turn comes.
  bool may_repeat(std::uint64_t intent) const;
  /// One that no relay may accept.
  std::uint64_t make_invalid(ChannelRef channel, std::string key);
  /// One that a publisher without the right to it makes.
  std::uint64_t make_forbidden(ChannelRef channel, std::string key);

 private:
  /// What all intents have.
  Intent begin(ChannelRef channel, std::string key) const;
  Intent draft(ChannelRef channel, std::string key, std::string event_id);
  void draft_source(Intent& intent);

  SimContext& context_;
  Oracle& oracle_;
  const SimDirectory& directory_;
  RecordIntentMaker records_;
  Prng prng_;
  Prng counting_;
  std::map<ChannelRef, std::uint64_t> counts_;  // of logs: source numbers so far
};

/// The intent as its publisher says it.
PublicationDraft draft_of(const Intent& intent);

}  // namespace tidegate::sim
