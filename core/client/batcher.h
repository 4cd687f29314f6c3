// Groups the frames of one turn into as few messages as may be, and knows nothing of what they
// mean. Frames are encoded straight into the message under construction. Without a batch delay a
// message is ready as soon as it is polled; with one, when its first frame is that old or the
// message is full.
#pragma once

#include <cstddef>
#include <optional>

#include "core/base/limits.h"
#include "core/base/time.h"
#include "core/base/types.h"
#include "core/client/output_queue.h"

namespace tidegate {

class Batcher {
 public:
  explicit Batcher(Duration delay) : delay_(delay) {}

  /// Encodes `frame` as the next one. A message larger than the limit is cut before this frame.
  template <typename Frame>
  void add(Now now, const Frame& frame) {
    encode(frame, open_);
    close_frame(now);
  }
  /// The same for a frame that was encoded before.
  void add_encoded(Now now, ByteView frame);

  /// What was added so far leaves with the next poll, whatever the delay.
  void flush();
  /// The next message, when there is one that may leave.
  std::optional<Bytes> poll(Instant now);
  std::optional<Instant> flush_deadline() const;

  /// A single frame may be larger than this; then it is a message by itself.
  void set_message_bytes_max(std::size_t bytes) { message_bytes_max_ = bytes; }
  /// Bytes of the message under construction.
  std::size_t open_bytes() const { return open_.size(); }
  /// The connection is gone and with it everything that was to be sent on it.
  void clear();

 private:
  void close_frame(Now now);

  Duration delay_;
  std::size_t message_bytes_max_ = limits::batch_bytes_max;
  OutputQueue<Bytes> full_;
  Bytes open_;
  std::size_t frame_at_ = 0;  // where the next frame of open_ begins
  Instant flush_at_ = Instant::max();
};

}  // namespace tidegate
