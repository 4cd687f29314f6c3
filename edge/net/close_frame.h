// Our own WebSocket close frames. libwebsockets 4.1.6 as Debian builds it loses the close frame
// that it is asked to send under libuv, so that a client would see 1006 instead of the code that
// tells it what to do. So the frame is built here and handed over as the last write of a
// connection.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/types.h"

namespace tidegate::net {

inline constexpr std::size_t kCloseReasonBytesMax =
    123;  // RFC 6455: a control frame holds 125 bytes

/// An unmasked frame, as servers send it. A longer reason is cut, between characters.
Bytes close_frame(std::uint16_t code, std::string_view reason);
/// A masked frame, as clients send it.
Bytes masked_close_frame(std::uint16_t code, std::string_view reason,
                         std::array<std::uint8_t, 4> mask);

}  // namespace tidegate::net
