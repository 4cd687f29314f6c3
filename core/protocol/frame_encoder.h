// Values to bytes: each call appends one frame to `out`, 8-aligned, ready to be followed by the
// next. (Blocks are written by BlockWriter.)
#pragma once

#include "core/protocol/frame.h"

namespace tidegate {

void encode(const HelloFrame& frame, Bytes& out);
void encode(const SubscribeFrame& frame, Bytes& out);
void encode(const UnsubscribeFrame& frame, Bytes& out);
void encode(const PublishFrame& frame, Bytes& out);
void encode(const PingFrame& frame, Bytes& out);
void encode(const PongFrame& frame, Bytes& out);
void encode(const WelcomeFrame& frame, Bytes& out);
void encode(const SubscribedFrame& frame, Bytes& out);
void encode(const UnsubscribedFrame& frame, Bytes& out);
void encode(const PublishAckFrame& frame, Bytes& out);
void encode(const RefusedFrame& frame, Bytes& out);
void encode(const PublishConflictFrame& frame, Bytes& out);
void encode(const DisconnectFrame& frame, Bytes& out);

}  // namespace tidegate
