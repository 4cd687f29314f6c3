// What a shard counts, as plain numbers. Each worker owns its own; /metrics sums copies of them.
#pragma once

#include <cstdint>

namespace tidegate::relay {

struct RelayCounters {
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_closed = 0;
  std::uint64_t connections_refused = 0;  // bad token, hello timeout, protocol errors
  std::uint64_t subscriptions_opened = 0;
  std::uint64_t subscriptions_refused = 0;
  std::uint64_t subscribes_recovered = 0;
  std::uint64_t subscribes_snapshot = 0;  // of those that came with a position
  std::uint64_t publishes_applied = 0;
  std::uint64_t publishes_duplicate = 0;
  std::uint64_t publishes_stale = 0;
  std::uint64_t publishes_refused = 0;
  std::uint64_t appends_unknown = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t messages_sent = 0;  // one for each connection a message was handed to
  std::uint64_t bytes_sent = 0;
  std::uint64_t publications_delivered = 0;  // rows × connections
  std::uint64_t blocks_built = 0;
  std::uint64_t blocks_shared = 0;  // deliveries that found their block already built
  std::uint64_t connections_blocked = 0;
  std::uint64_t resets_sent = 0;    // slow consumers beyond history, and epoch changes
  std::uint64_t repairs_asked = 0;  // all records once more, by who had been given them
  std::uint64_t pages_sent = 0;  // of records, to readers for whom that was cheaper than a replay
};

}  // namespace tidegate::relay
