// One deduplication window for each listener that hears several channels: the same event may reach
// it by two ways. Streams never deduplicate across channels; that is why this belongs to listeners.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/types.h"
#include "core/client/event.h"
#include "core/stream/dedup_window.h"

namespace tidegate {

class ListenerWindows {
 public:
  explicit ListenerWindows(std::uint64_t seed) : seed_(seed) {}

  Result<ListenerId> add();
  void remove(ListenerId listener);
  /// False when the listener has seen the id, or is no longer there.
  bool admit(ListenerId listener, std::string_view event_id);

 private:
  struct Entry {
    ListenerId listener = ListenerId::None;
    std::unique_ptr<DedupWindow> window;  // made when the first id comes
  };
  std::vector<Entry>::iterator find(ListenerId listener);

  std::uint64_t seed_;
  std::uint32_t last_listener_ = 0;
  std::vector<Entry> entries_;  // ascending
};

}  // namespace tidegate
