// A queue that is filled by one call into the session and emptied by the shell right after it. It
// keeps its memory, so that a session in steady state allocates nothing for the events it emits.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace tidegate {

template <typename T>
class OutputQueue {
 public:
  void push(T item) { items_.push_back(std::move(item)); }

  std::optional<T> pop() {
    if (head_ == items_.size()) {
      return std::nullopt;
    }
    std::optional<T> item(std::move(items_[head_]));
    if (++head_ == items_.size()) {
      items_.clear();
      head_ = 0;
    }
    return item;
  }

  bool empty() const { return head_ == items_.size(); }

 private:
  std::vector<T> items_;
  std::size_t head_ = 0;
};

}  // namespace tidegate
