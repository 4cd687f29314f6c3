// What a shard holds of each thing that has a bound: the largest there is. Finding it looks at
// every connection and channel, so it is for who checks that nothing grows without bound, not for
// every turn.
#pragma once

#include <algorithm>
#include <cstddef>

#include "edge/relay/channel_log.h"

namespace tidegate::relay {

struct ShardFootprint {
  std::size_t control_bytes = 0;        // answers that a connection is to be given
  std::size_t publishes_queued = 0;     // of a channel
  std::size_t excess_publications = 0;  // of a channel's history, for those who still read it
  std::size_t excess_bytes = 0;
  std::size_t deletes = 0;           // that a state channel remembers
  std::size_t idempotency_keys = 0;  // that a channel remembers

  void add_log(const ChannelLog& log) {
    const HistoryLimits& limits = log.limits();
    const auto over = [](std::size_t held, std::size_t limit) {
      return held > limit ? held - limit : 0;
    };
    excess_publications =
        std::max(excess_publications, over(log.publication_count(), limits.count));
    excess_bytes = std::max(excess_bytes, over(log.bytes(), limits.bytes));
    if (log.kind() == ChannelKind::State) {
      deletes = std::max(deletes, log.records().tombstones());
    }
  }
};

}  // namespace tidegate::relay
