// Values to JSON text: each call appends one frame to `out`, as one object. The message model is
// that of the binary encoding; a message is one such object, or an array of several.
//
// What says that it is JSON (payloads, tags, filters) is inlined, so it must have been proved to be
// that (check_draft, check_merge, Filter::parse): the relay does so before it accepts anything.
#pragma once

#include "core/protocol/frame.h"

namespace tidegate {

void encode_json(const HelloFrame& frame, Bytes& out);
void encode_json(const SubscribeFrame& frame, Bytes& out);
void encode_json(const UnsubscribeFrame& frame, Bytes& out);
void encode_json(const PublishFrame& frame, Bytes& out);
void encode_json(const PingFrame& frame, Bytes& out);
void encode_json(const PongFrame& frame, Bytes& out);
void encode_json(const WelcomeFrame& frame, Bytes& out);
void encode_json(const SubscribedFrame& frame, Bytes& out);
void encode_json(const UnsubscribedFrame& frame, Bytes& out);
void encode_json(const PublishAckFrame& frame, Bytes& out);
void encode_json(const RefusedFrame& frame, Bytes& out);
void encode_json(const PublishConflictFrame& frame, Bytes& out);
void encode_json(const DisconnectFrame& frame, Bytes& out);
void encode_json(const BlockFrame& frame, Bytes& out);

}  // namespace tidegate
