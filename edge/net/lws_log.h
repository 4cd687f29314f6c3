// Where libwebsockets' own words go: to the log of whoever is setting it up, and nowhere once
// several threads run it. The library makes every line in one static buffer of the process, so two
// threads that speak at once race; what a peer provokes is counted and logged by us anyway. The
// library has one log for the process, so this is the one place in edge/net with state of the
// process.
#pragma once

#include <functional>

#include "edge/relay/relay_shard.h"

namespace tidegate::net {

/// One user of the library. While there is only one, and it has not hushed, the library's errors
/// and warnings go to its sink.
class LwsLogScope {
 public:
  using Sink = std::function<void(const relay::LogLine&)>;
  explicit LwsLogScope(Sink sink);
  ~LwsLogScope();
  LwsLogScope(const LwsLogScope&) = delete;
  LwsLogScope& operator=(const LwsLogScope&) = delete;

  /// From now on several threads run the library, and it says nothing more.
  void hush();
};

}  // namespace tidegate::net
