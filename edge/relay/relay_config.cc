#include "edge/relay/relay_config.h"

namespace tidegate::relay {

const Namespace* RelayConfig::namespace_of(const ChannelName& channel) const {
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
