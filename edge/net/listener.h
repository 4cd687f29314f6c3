// The listening side of one worker: a SO_REUSEPORT socket of our own, watched on the worker's loop.
// The library's own listener cannot be shared between contexts and spins when descriptors run out;
// ours accepts in batches, keeps a spare descriptor for that moment, and can be stopped before the
// rest.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>

#include "core/base/types.h"

namespace tidegate::net {

/// A bound, listening socket. The file descriptor is the caller's.
struct ListeningSocket {
  int fd = -1;
  std::uint16_t port = 0;
};

/// One socket for each worker, all on the same port, the first free one when `port` is 0.
/// Unavailable, saying why, when another program listens there already or the host is not one of
/// ours.
Result<std::vector<ListeningSocket>> open_listening_sockets(const std::string& host,
                                                            std::uint16_t port, std::size_t count);

class Listener {
 public:
  /// `accepted` owns the descriptor it is given: non-blocking, close-on-exec, TCP_NODELAY.
  /// `starved` hears of each connection that had to be dropped because no descriptor was left.
  using Accepted = std::function<void(int fd)>;
  using Starved = std::function<void()>;
  Listener(uv_loop_t* loop, int fd, Accepted accepted, Starved starved);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void start();
  /// Takes what is still queued, then closes the socket. The watch's handle ends with the loop.
  void stop();

 private:
  void accept_batch(int batch_max);
  bool accept_one();
  bool refuse_one_with_spare();

  int fd_;
  int spare_fd_;
  Accepted accepted_;
  Starved starved_;
  uv_poll_t* watch_;  // freed by its close callback, after this object
};

}  // namespace tidegate::net
