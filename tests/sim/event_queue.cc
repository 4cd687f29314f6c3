// The queue is a binary heap of small entries; the actions stand in slots that are reused.
#include "tests/sim/event_queue.h"

#include <algorithm>

namespace tidegate::sim {

bool EventQueue::later(const Entry& a, const Entry& b) {
  return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
}

void EventQueue::at(Instant when, Action action) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(std::move(action));
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = std::move(action);
  }
  heap_.push_back({std::max(when, now_), sequence_++, slot});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool EventQueue::step(Instant limit) {
  if (heap_.empty() || heap_.front().when > limit) return false;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Entry entry = heap_.back();
  heap_.pop_back();
  if (entry.when != now_) steps_at_this_instant_ = 0;
  now_ = entry.when;
  ++steps_;
  ++steps_at_this_instant_;
  Action action = std::move(slots_[entry.slot]);
  slots_[entry.slot] = nullptr;
  free_slots_.push_back(entry.slot);
  action();
  return true;
}

void EventQueue::advance_to(Instant limit) { now_ = std::max(now_, limit); }

}  // namespace tidegate::sim
