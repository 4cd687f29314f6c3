#include "edge/relay/deadline_queue.h"

namespace tidegate::relay {

bool DeadlineQueue::earlier(const Entry& left, const Entry& right) {
  return left.at != right.at ? left.at < right.at : left.key < right.key;
}

void DeadlineQueue::place(std::size_t index, Entry entry) {
  heap_[index] = entry;
  places_[entry.key] = static_cast<std::uint32_t>(index);
}

void DeadlineQueue::rise(std::size_t index, Entry entry) {
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (!earlier(entry, heap_[parent])) {
      break;
    }
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void DeadlineQueue::sink(std::size_t index, Entry entry) {
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) {
      break;
    }
    if (child + 1 < heap_.size() && earlier(heap_[child + 1], heap_[child])) {
      ++child;
    }
    if (!earlier(heap_[child], entry)) {
      break;
    }
    place(index, heap_[child]);
    index = child;
  }
  place(index, entry);
}

void DeadlineQueue::set(std::uint32_t key, Instant at) {
  if (key >= places_.size()) {
    places_.resize(std::size_t{key} + 1, kAbsent);
  }
  const Entry entry{at, key};
  std::size_t index = places_[key];
  if (index == kAbsent) {
    index = heap_.size();
    heap_.push_back(entry);
    rise(index, entry);
  } else if (earlier(entry, heap_[index])) {
    rise(index, entry);
  } else {
    sink(index, entry);
  }
}

void DeadlineQueue::clear(std::uint32_t key) {
  if (key < places_.size() && places_[key] != kAbsent) {
    remove(places_[key]);
  }
}

void DeadlineQueue::remove(std::size_t index) {
  places_[heap_[index].key] = kAbsent;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) {
    return;
  }
  if (index > 0 && earlier(last, heap_[(index - 1) / 2])) {
    rise(index, last);
  } else {
    sink(index, last);
  }
}

std::optional<Instant> DeadlineQueue::next() const {
  return heap_.empty() ? std::nullopt : std::optional<Instant>(heap_.front().at);
}

std::optional<std::uint32_t> DeadlineQueue::pop_due(Instant now) {
  if (heap_.empty() || heap_.front().at > now) {
    return std::nullopt;
  }
  const std::uint32_t key = heap_.front().key;
  remove(0);
  return key;
}

}  // namespace tidegate::relay
