// What a client may ask for in Sec-WebSocket-Protocol, and the encoding that it gets by it. The
// first that it offers and that stands here is chosen.
#pragma once

#include "core/protocol/wire_format.h"
#include "core/protocol_json/json_names.h"
#include "edge/relay/encoding.h"

namespace tidegate::net {

struct Subprotocol {
  const char* name;
  relay::Encoding encoding;
};

inline constexpr Subprotocol kSubprotocols[] = {
    {wire::kSubprotocol, relay::Encoding::Binary},
    {json::kSubprotocol, relay::Encoding::Json},
};

}  // namespace tidegate::net
