#include "core/client/listener_windows.h"

#include <algorithm>

#include "core/base/limits.h"

namespace tidegate {

Result<ListenerId> ListenerWindows::add() {
  if (entries_.size() >= limits::listeners_per_client_max) {
    return Error{ErrorCode::LimitExceeded,
                 "over listeners_per_client_max: remove listeners no longer needed", 0};
  }
  const auto listener = static_cast<ListenerId>(++last_listener_);
  entries_.push_back(Entry{listener, nullptr});
  return listener;
}

void ListenerWindows::remove(ListenerId listener) {
  const auto at = find(listener);
  if (at != entries_.end()) {
    entries_.erase(at);
  }
}

bool ListenerWindows::admit(ListenerId listener, std::string_view event_id) {
  const auto at = find(listener);
  if (at == entries_.end() || event_id.empty()) {
    return at != entries_.end();
  }
  if (!at->window) {
    at->window = std::make_unique<DedupWindow>(limits::dedup_window_entries, seed_);
  }
  return at->window->admit(event_id);
}

std::vector<ListenerWindows::Entry>::iterator ListenerWindows::find(ListenerId listener) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), listener,
                                   [](const Entry& a, ListenerId b) { return a.listener < b; });
  return at != entries_.end() && at->listener == listener ? at : entries_.end();
}

}  // namespace tidegate
