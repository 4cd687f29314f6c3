// The directory of channels, for those who subscribe by pattern: `$channels`, a state channel of
// each tenant. Before the first record of a listed channel is appended, the channel's owner sets
// its record here: the segments of the name, and the position from which somebody who has just
// learnt of the channel reads all of it. So whoever follows the directory from a position misses no
// channel, and whoever follows a channel from its record misses no publication.
#pragma once

#include <string>
#include <string_view>

#include "edge/relay/claims.h"
#include "edge/relay/log_record.h"
#include "edge/relay/relay_config.h"
#include "edge/relay/relay_effect.h"

namespace tidegate::relay {

ChannelKeyPtr directory_of(const std::string& tenant);

/// Sets the record of a channel, on the condition that its version is `known` (0: there is none).
/// The limits are those of the directory.
LogRecordPtr listing_record(WallTime now, const ChannelName& channel,
                            const StreamPosition& position, Offset known,
                            const RecordLimits& record_limits);
/// Deletes it: nothing is left to be read of the channel.
LogRecordPtr unlisting_record(WallTime now, const ChannelName& channel);
/// Whether the record lists a channel's stream of this epoch: then its position is the earlier one.
bool lists_epoch(const CurrentRecord& record, const Epoch& epoch);

/// What a subscribe to the directory asks for: its filter is `{"pattern": "orders:*"}`, and the
/// result is the text of the filter that it stands for. BadRequest; Forbidden when the claims do
/// not cover the pattern; Unsupported when no channel that matches it would ever be listed.
Result<std::string> directory_filter(std::string_view text, const Claims& claims,
                                     const RelayConfig& config);

}  // namespace tidegate::relay
