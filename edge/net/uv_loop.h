// A uv loop that belongs to one thread, and a libwebsockets context that lives on it. Both the
// relay's workers and the native client own one of each; this file knows how to end them without
// leaving a handle behind, which is the delicate part.
#pragma once

#include <libwebsockets.h>
#include <uv.h>

#include "core/base/types.h"

namespace tidegate::net {

class UvLoop {
 public:
  UvLoop();
  /// Closes every handle that is still open and runs the loop until all are gone.
  ~UvLoop();
  UvLoop(const UvLoop&) = delete;
  UvLoop& operator=(const UvLoop&) = delete;

  uv_loop_t* get() { return &loop_; }

 private:
  uv_loop_t loop_;
};

/// A context on a foreign loop. `creation` needs no loop and no uv option: they are set here.
/// Contexts are created and ended one at a time in a process: the library's set-up is not made for
/// more.
class LwsContext {
 public:
  LwsContext() = default;
  ~LwsContext() { destroy(); }
  LwsContext(const LwsContext&) = delete;
  LwsContext& operator=(const LwsContext&) = delete;

  /// Unavailable when the library refuses.
  Status create(UvLoop& loop, lws_context_creation_info creation);
  void destroy();
  lws_context* get() const { return context_; }

 private:
  UvLoop* loop_ = nullptr;
  lws_context* context_ = nullptr;
};

/// A vhost-less context description for plain HTTP/1.1 on libuv, with the defaults both sides
/// share.
lws_context_creation_info base_creation();

}  // namespace tidegate::net
