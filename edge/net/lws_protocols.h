// The library's view of a worker: two protocols, plain HTTP and tidegate.v1, whose callbacks do
// nothing but hand each event to the part of the worker that it concerns.
#pragma once

#include <libwebsockets.h>

namespace tidegate::net {

/// For lws_context_creation_info::protocols; the context's user pointer is the Worker.
const lws_protocols* worker_protocols();

}  // namespace tidegate::net
