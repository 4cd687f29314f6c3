// What a session counts about itself, for the application's diagnostics and for tests.
#pragma once

#include <cstdint>

namespace tidegate {

struct ClientStats {
  std::uint64_t messages_received = 0;
  std::uint64_t rows_delivered = 0;
  std::uint64_t duplicates_dropped =
      0;  // rows at or below the position, and those of duplicate blocks
  std::uint64_t gaps_detected = 0;
  std::uint64_t gaps_repaired = 0;  // … after which the subscription was recovered or replaced
  std::uint64_t unbound_blocks =
      0;  // blocks of streams this session is not (or no longer) bound to
  std::uint64_t digests_compared = 0;
  std::uint64_t digest_mismatches = 0;
  std::uint64_t records_repaired = 0;  // … that were found to differ in the pass that followed
  std::uint64_t connections_opened = 0;
  std::uint64_t round_trip_us = 0;  // latest ping; 0: none yet
};

}  // namespace tidegate
