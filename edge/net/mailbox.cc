#include "edge/net/mailbox.h"

#include <iterator>

namespace tidegate::net {

void Mailbox::open(uv_async_t* wake) {
  const std::lock_guard<std::mutex> lock(mutex_);
  wake_ = wake;
}

void Mailbox::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  wake_ = nullptr;
  letters_.clear();
}

void Mailbox::post(std::vector<Letter>& letters) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (wake_ != nullptr) {
      const bool was_empty = letters_.empty();
      letters_.insert(letters_.end(), std::make_move_iterator(letters.begin()),
                      std::make_move_iterator(letters.end()));
      // Under the lock, so that the handle cannot be closed in between.
      if (was_empty && !letters_.empty()) {
        uv_async_send(wake_);
      }
    }
  }
  letters.clear();
}

void Mailbox::collect(std::vector<Letter>& letters) {
  letters.clear();
  const std::lock_guard<std::mutex> lock(mutex_);
  letters_.swap(letters);
}

}  // namespace tidegate::net
