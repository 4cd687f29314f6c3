// The one place where a message goes from the relay to a socket. The message was framed once and is
// shared by all who get it: LWS_WRITE_HTTP hands the bytes over as they are, touches nothing in
// them, and is as fast as send(2). (Only right over HTTP/1.1, which is all that the relay speaks.)
#pragma once

#include <libwebsockets.h>

#include "core/base/types.h"

namespace tidegate::net {

/// False when the connection is dead. What does not fit is copied and kept by the library:
/// lws_partial_buffered() tells, and until it is gone nothing more is to be written.
inline bool write_framed(lws* wsi, ByteView framed) {
  auto* bytes = const_cast<unsigned char*>(framed.data());  // not written to on this path
  return lws_write(wsi, bytes, framed.size(), LWS_WRITE_HTTP) >= 0;
}

}  // namespace tidegate::net
