// The oracle's idempotency window: which idempotency keys and event ids a stream has met lately. A
// key counts until something is met that is younger than it by more than the window, by the times
// that the records themselves say.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace tidegate::sim {

class KeyBook {
 public:
  bool has_accepted(const std::string& key, std::int64_t time_ms, std::int64_t window_ms) const {
    const Known* known = find(key, time_ms, window_ms);
    return known != nullptr && !known->refused;
  }
  /// It was the last to be refused under the key.
  bool has_refused(const std::string& key, std::uint64_t intent, std::int64_t time_ms,
                   std::int64_t window_ms) const {
    const Known* known = find(key, time_ms, window_ms);
    return known != nullptr && known->refused == intent;
  }
  void accept(const std::string& key, std::int64_t time_ms, std::int64_t window_ms) {
    remember(key, {time_ms, std::nullopt}, window_ms);
  }
  void refuse(const std::string& key, std::uint64_t intent, std::int64_t time_ms,
              std::int64_t window_ms) {
    remember(key, {time_ms, intent}, window_ms);
  }

 private:
  struct Known {
    std::int64_t time_ms = 0;                // the last time
    std::optional<std::uint64_t> refused{};  // nullopt: something was accepted
  };
  const Known* find(const std::string& key, std::int64_t time_ms, std::int64_t window_ms) const {
    const auto found = known_.find(key);
    return found != known_.end() && time_ms - found->second.time_ms <= window_ms ? &found->second
                                                                                 : nullptr;
  }
  void remember(const std::string& key, Known now, std::int64_t window_ms) {
    known_[key] = now;
    order_.emplace_back(now.time_ms, key);
    while (now.time_ms - order_.front().first > window_ms) {
      const auto oldest = known_.find(order_.front().second);
      // One that was met again has its later place.
      if (oldest != known_.end() && oldest->second.time_ms == order_.front().first) {
        known_.erase(oldest);
      }
      order_.pop_front();
    }
  }

  std::map<std::string, Known> known_;
  std::deque<std::pair<std::int64_t, std::string>> order_;
};

}  // namespace tidegate::sim
