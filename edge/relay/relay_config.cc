#include "edge/relay/relay_config.h"

#include <algorithm>
#include <optional>

namespace tidegate::relay {

Namespace directory_namespace() {
  Namespace rules;
  rules.kind = ChannelKind::State;
  rules.publish = PublishRight::Relay;
  rules.records = RecordLimits{limits::listed_channels_max, limits::listed_channels_bytes_max};
  return rules;
}

const Namespace* RelayConfig::namespace_of(const ChannelName& channel) const {
  if (channel.is_directory()) {
    return &directory;
  }
  for (const Namespace& candidate : namespaces) {
    if (candidate.pattern.matches(channel)) {
      return &candidate;
    }
  }
  return nullptr;
}

namespace {

constexpr const char* kKindNames[] = {"log", "state", "signal"};

const char* name_of(ChannelKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

/// A namespace that stands before `end` decides for all of these channels.
bool is_decided(const std::vector<Namespace>& namespaces, std::size_t end,
                const ChannelPattern& channels) {
  return std::any_of(
      namespaces.begin(), namespaces.begin() + static_cast<std::ptrdiff_t>(end),
      [&channels](const Namespace& rules) { return rules.pattern.covers(channels); });
}

}  // namespace

std::vector<std::string> kind_changes(const RelayConfig& running, const RelayConfig& next) {
  std::vector<std::string> changes;
  for (std::size_t i = 0; i < running.namespaces.size(); ++i) {
    for (std::size_t j = 0; j < next.namespaces.size(); ++j) {
      const Namespace& before = running.namespaces[i];
      const Namespace& after = next.namespaces[j];
      if (before.kind == after.kind) {
        continue;
      }
      const std::optional<ChannelPattern> channels = before.pattern.intersection(after.pattern);
      if (channels.has_value() && !is_decided(running.namespaces, i, *channels) &&
          !is_decided(next.namespaces, j, *channels)) {
        changes.push_back("channels " + channels->text() + " would become " + name_of(after.kind) +
                          " by namespace " + std::to_string(j + 1) + " (" + after.pattern.text() +
                          "); they are " + name_of(before.kind));
      }
    }
  }
  return changes;
}

Error unknown_namespace(const ChannelName& channel) {
  return Error{ErrorCode::UnknownNamespace,
               "no namespace matches " + channel.str() + "; see the relay's configuration", 0};
}

}  // namespace tidegate::relay
