// Subscribing by pattern, the promise beneath it: when the relay asks the store to append to a
// listed channel, the channel's record stands in the directory already, with a position of the same
// stream that is not beyond the append.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edge/relay/log_record.h"
#include "edge/relay/relay_effect.h"

namespace tidegate::sim {

/// What a store holds of a directory: the records as of its floor, and what was appended since.
struct StoredDirectory {
  const std::map<std::string, relay::RecordVersion>& kept;
  const std::vector<relay::AppendedRecord>& appended;
};

/// What is wrong with appending so now; nullopt: nothing.
std::optional<std::string> listing_fault(const StoredDirectory& directory,
                                         const relay::StoreAppend& append);

}  // namespace tidegate::sim
