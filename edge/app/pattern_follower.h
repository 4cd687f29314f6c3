// `tidegate subscribe 'orders:*'`: follows the directory of channels (docs/PROTOCOL.md, section 7)
// and says which channels are to be subscribed to, and from where.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/types.h"
#include "core/stream/stream_position.h"

namespace tidegate::app {

/// "orders:*" and so on; not the name of one channel.
bool is_pattern(std::string_view name);
/// The filter of a subscription to the directory.
std::string pattern_filter(std::string_view pattern);

/// A channel that is to be subscribed to. Those that were there when the directory became live are
/// read from now on, as the command says; later ones from where they began.
struct MatchedChannel {
  ChannelName name;
  std::optional<StreamPosition> since;
};

class PatternFollower {
 public:
  /// A record of the directory was set. What is to be subscribed to now.
  std::optional<MatchedChannel> handle_record(std::string_view channel, std::string_view record);
  /// The directory is live: all that is there.
  std::vector<MatchedChannel> handle_live();

 private:
  bool is_live_ = false;
  std::vector<MatchedChannel> present_;
};

}  // namespace tidegate::app
