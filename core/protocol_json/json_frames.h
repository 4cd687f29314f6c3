// The frames of the JSON encoding, each read from its object. json_decoder finds the objects.
#pragma once

#include <string_view>

#include "core/protocol/frame.h"

namespace tidegate::json {

/// What one frame is read from.
struct FrameSource {
  std::string_view object;  // trimmed, checked JSON
  std::string pointer;      // where it stands in its message
  Bytes& block;             // empty: a BlockFrame is a view of what is written here
};

using FrameReader = Result<Frame> (*)(const FrameSource& source);
/// nullptr: there is no such type.
FrameReader frame_reader(std::string_view type);

Result<Frame> read_block(const FrameSource& source);

/// A payload, as messages have it: `data`, `dataBase64`, and of a merge `unset`.
struct PayloadFields {
  std::string_view data;  // each as it stands; empty when it is missing
  std::string_view base64;
  std::string_view unset;
};
struct Payload {
  PayloadKind kind = PayloadKind::Json;
  Bytes bytes;
};
/// BadRequest or InvalidPayload when they do not go together or are not what they say.
Result<Payload> payload_of(Operation operation, const PayloadFields& fields);

}  // namespace tidegate::json
