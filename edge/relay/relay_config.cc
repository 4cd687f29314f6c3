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

}  // namespace tidegate::relay
