// The oracle's idempotency window: which idempotency keys and event ids a stream has accepted
// lately. A key counts until something is accepted that is younger than it by more than the window,
// by the times that the records themselves say.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace tidegate::sim {

class KeyBook {
 public:
  bool knows(const std::string& key, std::int64_t time_ms, std::int64_t window_ms) const {
    const auto found = accepted_.find(key);
    return found != accepted_.end() && time_ms - found->second <= window_ms;
  }
  void accept(const std::string& key, std::int64_t time_ms, std::int64_t window_ms) {
    accepted_[key] = time_ms;
    order_.emplace_back(time_ms, key);
    while (time_ms - order_.front().first > window_ms) {
      const auto oldest = accepted_.find(order_.front().second);
      // One that was accepted again has its later place.
      if (oldest != accepted_.end() && oldest->second == order_.front().first) {
        accepted_.erase(oldest);
      }
      order_.pop_front();
    }
  }

 private:
  std::map<std::string, std::int64_t> accepted_;  // when, the last time
  std::deque<std::pair<std::int64_t, std::string>> order_;
};

}  // namespace tidegate::sim
