// Default deny: only a capability that names both the channel and the action allows.
#include "core/access/capability.h"

namespace tidegate {

Result<Action> parse_action(std::string_view name) {
  if (name == "subscribe") return Action::Subscribe;
  if (name == "publish") return Action::Publish;
  if (name == "presence") return Action::Presence;
  if (name == "history") return Action::History;
  return Error{ErrorCode::BadRequest,
               "unknown action; allowed are subscribe, publish, presence and history", 0};
}

std::string_view action_name(Action action) {
  switch (action) {
    case Action::Subscribe:
      return "subscribe";
    case Action::Publish:
      return "publish";
    case Action::Presence:
      return "presence";
    case Action::History:
      return "history";
  }
  return "unknown";
}

namespace {

template <typename Predicate>
bool any_pattern(const std::vector<Capability>& capabilities, Action action, Predicate holds) {
  for (const Capability& capability : capabilities) {
    if ((capability.allow & static_cast<std::uint8_t>(action)) == 0) continue;
    for (const ChannelPattern& pattern : capability.channels) {
      if (holds(pattern)) return true;
    }
  }
  return false;
}

}  // namespace

bool allows(const std::vector<Capability>& capabilities, Action action,
            const ChannelName& channel) {
  return any_pattern(capabilities, action,
                     [&](const ChannelPattern& pattern) { return pattern.matches(channel); });
}

bool allows_all(const std::vector<Capability>& capabilities, Action action,
                const ChannelPattern& channels) {
  return any_pattern(capabilities, action,
                     [&](const ChannelPattern& pattern) { return pattern.covers(channels); });
}

}  // namespace tidegate
