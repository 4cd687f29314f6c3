// Clients of the simulator speak the binary protocol. Some of their connections are JSON sessions
// to the relay all the same: here each message is written in the other encoding, so that what the
// relay makes of JSON, and how it cuts and joins it, is held to the same invariants.
#pragma once

#include <vector>

#include "edge/relay/encoding.h"

namespace tidegate::sim {

/// A client's message as JSON; several where one would be over the relay's limit.
std::vector<Bytes> to_json(ByteView message);
/// The relay's message in binary.
relay::SharedMessagePtr to_binary(const relay::SharedMessage& message);

}  // namespace tidegate::sim
