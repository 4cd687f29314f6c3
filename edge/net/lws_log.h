// Where libwebsockets' own words go: to the log of whoever is running, at most so many lines a
// second, because a hostile peer can make the library print one for each packet. The library has
// one log for the process, so this is the one place in edge/net with state of the process.
#pragma once

#include <functional>
#include <memory>

#include "edge/relay/relay_shard.h"

namespace tidegate::net {

/// While one lives, the library's errors and warnings go to its sink; with several, to the oldest.
class LwsLogScope {
 public:
  using Sink = std::function<void(const relay::LogLine&)>;
  explicit LwsLogScope(Sink sink);
  ~LwsLogScope();
  LwsLogScope(const LwsLogScope&) = delete;
  LwsLogScope& operator=(const LwsLogScope&) = delete;

 private:
  std::uint64_t id_ = 0;
};

/// Lets `lines_per_second` lines through and counts the others. Exposed for its test.
class LineRate {
 public:
  explicit LineRate(std::size_t lines_per_second) : lines_per_second_(lines_per_second) {}
  /// True when a line may pass; `suppressed` then tells how many were held back before it.
  bool admit(Instant now, std::uint64_t& suppressed);

 private:
  std::size_t lines_per_second_;
  std::size_t lines_ = 0;
  std::uint64_t held_back_ = 0;
  Instant second_begin_;
};

}  // namespace tidegate::net
