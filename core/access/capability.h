// What a token allows: a list of capabilities, each a set of patterns and a set of actions.
// Nothing is allowed that no capability names (default deny).
#pragma once

#include <cstdint>
#include <vector>

#include "core/access/channel_pattern.h"

namespace tidegate {

enum class Action : std::uint8_t { Subscribe = 1, Publish = 2, Presence = 4, History = 8 };

/// "subscribe", "publish", "presence", "history"; BadRequest for anything else.
Result<Action> parse_action(std::string_view name);
std::string_view action_name(Action action);

struct Capability {
  std::vector<ChannelPattern> channels;
  std::uint8_t allow = 0;  // bits of Action
};

/// True when some capability names both the channel and the action.
bool allows(const std::vector<Capability>& capabilities, Action action, const ChannelName& channel);
/// True when one pattern of a capability for the action covers all that `channels` matches.
bool allows_all(const std::vector<Capability>& capabilities, Action action,
                const ChannelPattern& channels);

}  // namespace tidegate
