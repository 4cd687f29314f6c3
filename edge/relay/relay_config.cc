#include "edge/relay/relay_config.h"

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

Error unknown_namespace(const ChannelName& channel) {
  return Error{ErrorCode::UnknownNamespace,
               "no namespace matches " + channel.str() + "; see the relay's configuration", 0};
}

}  // namespace tidegate::relay
