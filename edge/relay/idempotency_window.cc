#include "edge/relay/idempotency_window.h"

#include <string>

namespace tidegate::relay {

Hash128 IdempotencyWindow::hash(KeyKind kind, std::string_view producer,
                                std::string_view key) const {
  // The producer's length goes first, so that no split of the same bytes gives the same text.
  std::string text(1, static_cast<char>(kind));
  text += std::to_string(producer.size());
  text += ':';
  text += producer;
  text += key;
  return hash128(text, seed_);
}

std::optional<IdempotencyWindow::Answered> IdempotencyWindow::find(Hash128 key,
                                                                   WallTime record_time) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || is_too_old(found->second.time, record_time)) {
    return std::nullopt;
  }
  return found->second.answered;
}

void IdempotencyWindow::remember(Hash128 key, WallTime record_time, Answered answered) {
  entries_[key] = Entry{record_time, answered};
  order_.push_back(KeyOrder{record_time, key});
  while (!order_.empty() &&
         (order_.size() > entries_max_ || is_too_old(order_.front().time, record_time))) {
    // A key that was answered anew, after it had aged or was refused, stands twice: only its last
    // place counts.
    const auto found = entries_.find(order_.front().key);
    if (found != entries_.end() && found->second.time == order_.front().time) {
      entries_.erase(found);
    }
    order_.pop_front();
  }
}

void IdempotencyWindow::clear() {
  entries_.clear();
  order_.clear();
}

bool IdempotencyWindow::is_stale(WallTime now) const {
  return order_.empty() || is_too_old(order_.back().time, now);
}

}  // namespace tidegate::relay
