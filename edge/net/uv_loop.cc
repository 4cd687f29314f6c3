#include "edge/net/uv_loop.h"

#include "core/base/limits.h"

namespace tidegate::net {
namespace {

void close_handle(uv_handle_t* handle, void*) {
  if (uv_is_closing(handle) == 0) {
    uv_close(handle, nullptr);
  }
}

/// Closing a handle takes the library a turn for each of its two kinds; one more is for good
/// measure.
constexpr int kQuietTurns = 3;

int count_handles(uv_loop_t* loop) {
  int handles = 0;
  uv_walk(
      loop, [](uv_handle_t*, void* count) { ++*static_cast<int*>(count); }, &handles);
  return handles;
}

}  // namespace

UvLoop::UvLoop() { TIDEGATE_CHECK(uv_loop_init(&loop_) == 0); }

UvLoop::~UvLoop() {
  uv_walk(&loop_, close_handle, nullptr);
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  uv_loop_close(&loop_);
}

Status LwsContext::create(UvLoop& loop, lws_context_creation_info creation) {
  void* foreign_loops[1] = {loop.get()};
  creation.options |= LWS_SERVER_OPTION_LIBUV;
  creation.foreign_loops = foreign_loops;
  // The library clears this pointer when it has freed itself, which under libuv is some turns
  // later.
  creation.pcontext = &context_;
  loop_ = &loop;
  context_ = lws_create_context(&creation);
  if (context_ == nullptr) {
    return Error{ErrorCode::Unavailable,
                 "libwebsockets could not be set up on libuv; is its plug-in "
                 "(libwebsockets-evlib-uv) installed?",
                 0};
  }
  return ok_status();
}

/// The library wants to be told twice when the loop is not its own: the first call closes its
/// connections and handles, whose callbacks come in the loop's next turns, and the second frees
/// what is left.
void LwsContext::destroy() {
  if (context_ == nullptr) {
    return;
  }
  lws_context_destroy(context_);
  for (int quiet_turns = 0, handles = count_handles(loop_->get()); quiet_turns < kQuietTurns;) {
    uv_run(loop_->get(), UV_RUN_NOWAIT);
    const int left = count_handles(loop_->get());
    quiet_turns = left == handles ? quiet_turns + 1 : 0;
    handles = left;
  }
  if (context_ != nullptr) {
    lws_context_destroy(context_);
  }
  TIDEGATE_CHECK(context_ == nullptr);
}

lws_context_creation_info base_creation() {
  // Both zero: the library sends no pings of its own. Liveness has one owner, the protocol's
  // heartbeat.
  static const lws_retry_bo_t kNoKeepalive{};
  lws_context_creation_info creation{};
  creation.port = CONTEXT_PORT_NO_LISTEN;
  creation.gid = static_cast<decltype(creation.gid)>(-1);
  creation.uid = static_cast<decltype(creation.uid)>(-1);
  creation.retry_and_idle_policy = &kNoKeepalive;
  creation.max_http_header_data = static_cast<unsigned short>(limits::http_header_bytes_max);
  creation.pt_serv_buf_size = 8192;
  return creation;
}

}  // namespace tidegate::net
