#include "core/client/batcher.h"

#include <utility>

namespace tidegate {

void Batcher::add_encoded(Now now, ByteView frame) {
  open_.insert(open_.end(), frame.begin(), frame.end());
  close_frame(now);
}

void Batcher::flush() {
  if (!open_.empty()) {
    flush_at_ = Instant::min();
  }
}

std::optional<Bytes> Batcher::poll(Instant now) {
  if (!full_.empty()) {
    return full_.pop();
  }
  if (open_.empty() || now < flush_at_) {
    return std::nullopt;
  }
  frame_at_ = 0;
  flush_at_ = Instant::max();
  return std::exchange(open_, Bytes());
}

std::optional<Instant> Batcher::flush_deadline() const {
  if (open_.empty()) {
    return std::nullopt;
  }
  return flush_at_;
}

void Batcher::clear() {
  while (full_.pop()) {
  }
  open_.clear();
  frame_at_ = 0;
  flush_at_ = Instant::max();
}

void Batcher::close_frame(Now now) {
  const auto frame = open_.begin() + static_cast<std::ptrdiff_t>(frame_at_);
  if (frame_at_ > 0 && open_.size() > message_bytes_max_) {
    Bytes rest(frame, open_.end());
    open_.resize(frame_at_);
    full_.push(std::move(open_));
    open_ = std::move(rest);
  }
  frame_at_ = open_.size();
  if (flush_at_ == Instant::max()) {
    flush_at_ = now.monotonic + delay_;
  }
}

}  // namespace tidegate
