// Writes the bodies as docs/PROTOCOL.md lists them. Lengths have been checked by whoever made the
// frame; only texts meant for people are made to fit here, because no wording may ever end a
// connection.
#include "core/protocol/frame_encoder.h"

#include "core/base/byte_io.h"
#include "core/protocol/message_text.h"

namespace tidegate {
namespace {

/// A frame under construction: the header at once, its length and the padding in finish().
class FrameScope {
 public:
  FrameScope(wire::FrameType type, Bytes& out) : writer(out), start_(out.size()) {
    writer.u32(0);
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u8(0);
    writer.u16(0);
  }
  void finish() {
    const std::size_t body_bytes = writer.size() - start_ - wire::kFrameHeaderBytes;
    TIDEGATE_CHECK(body_bytes <= 0xFFFFFFFF);
    writer.patch_u32(start_, static_cast<std::uint32_t>(body_bytes));
    writer.zeros(wire::padded(body_bytes) - body_bytes);
  }

  void request(RequestId id) { writer.u32(static_cast<std::uint32_t>(id)); }
  void stream(StreamId id) { writer.u32(static_cast<std::uint32_t>(id)); }
  template <typename Enum>
  void enum8(Enum value) {
    writer.u8(static_cast<std::uint8_t>(value));
  }

  ByteWriter writer;

 private:
  std::size_t start_;
};

}  // namespace

void encode(const HelloFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Hello, out);
  scope.writer.u16(frame.version);
  scope.writer.string16(frame.client);
  scope.writer.string16(frame.session_id);
  scope.writer.string16(frame.token);
  scope.finish();
}

void encode(const SubscribeFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Subscribe, out);
  scope.request(frame.request);
  scope.writer.u32(frame.history);
  scope.writer.u32(frame.min_interval_ms);
  scope.writer.string16(frame.channel.view());
  scope.writer.string16(frame.since ? frame.since->epoch.token() : std::string_view());
  scope.writer.u64(frame.since ? frame.since->offset.value : 0);
  scope.writer.string16(frame.filter);
  scope.finish();
}

void encode(const UnsubscribeFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Unsubscribe, out);
  scope.request(frame.request);
  scope.stream(frame.stream);
  scope.finish();
}

namespace {

std::uint16_t conditions_of(const PublicationDraft& draft) {
  return static_cast<std::uint16_t>((draft.if_epoch ? wire::kIfEpoch : 0) |
                                    (draft.if_version ? wire::kIfVersion : 0) |
                                    (draft.source_version ? wire::kSourceVersion : 0));
}

}  // namespace

void encode(const PublishFrame& frame, Bytes& out) {
  const PublicationDraft& draft = frame.draft;
  const SourceVersion source = draft.source_version.value_or(SourceVersion{});
  FrameScope scope(wire::FrameType::Publish, out);
  scope.request(frame.request);
  scope.enum8(draft.operation);
  scope.enum8(draft.payload_kind);
  scope.writer.u16(conditions_of(draft));
  scope.writer.string16(frame.channel.view());
  scope.writer.string16(draft.event);
  scope.writer.string16(draft.event_id);
  scope.writer.string16(draft.key);
  scope.writer.string16(draft.idempotency_key);
  scope.writer.string16(draft.if_epoch ? draft.if_epoch->token() : std::string_view());
  scope.writer.u64(draft.if_version.value_or(Offset{}).value);
  scope.writer.string16(source.epoch);
  scope.writer.u64(source.number);
  scope.writer.string16(draft.tags);
  scope.writer.string32(as_text(draft.payload));
  scope.finish();
}

void encode(const PingFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Ping, out);
  scope.writer.u32(frame.nonce);
  scope.finish();
}

void encode(const PongFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Pong, out);
  scope.writer.u32(frame.nonce);
  scope.finish();
}

void encode(const WelcomeFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Welcome, out);
  scope.writer.u16(frame.version);
  scope.writer.u16(0);
  scope.writer.u32(frame.heartbeat_interval_ms);
  scope.writer.u32(frame.heartbeat_timeout_ms);
  scope.writer.u32(frame.message_bytes_max);
  scope.writer.u64(static_cast<std::uint64_t>(wall_ms(frame.time)));
  scope.writer.u64(frame.token_expires_in_ms);
  scope.writer.string16(frame.relay);
  scope.writer.string16(frame.connection_id);
  scope.finish();
}

void encode(const SubscribedFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Subscribed, out);
  scope.request(frame.request);
  scope.stream(frame.stream);
  scope.enum8(frame.outcome);
  scope.enum8(frame.reason);
  scope.enum8(frame.kind);
  scope.enum8(frame.catch_up);
  scope.writer.u64(frame.start.offset.value);
  scope.writer.u64(frame.target.value);
  scope.writer.string16(frame.start.epoch.token());
  scope.writer.string16(frame.channel.view());
  scope.finish();
}

void encode(const UnsubscribedFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Unsubscribed, out);
  scope.request(frame.request);
  scope.stream(frame.stream);
  scope.writer.u16(frame.code);
  scope.writer.string16(message_for_people(frame.message));
  scope.finish();
}

void encode(const PublishAckFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::PublishAck, out);
  scope.request(frame.request);
  scope.enum8(frame.outcome);
  scope.writer.u8(0);
  scope.writer.u16(0);
  scope.writer.u64(frame.position.offset.value);
  scope.writer.string16(frame.position.epoch.token());
  scope.finish();
}

void encode(const RefusedFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Refused, out);
  scope.request(frame.request);
  scope.writer.u16(static_cast<std::uint16_t>(frame.error.code));
  scope.writer.u32(frame.error.retry_after_ms);
  scope.writer.string16(message_for_people(frame.error.message));
  scope.finish();
}

void encode(const PublishConflictFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::PublishConflict, out);
  scope.request(frame.request);
  scope.enum8(frame.payload_kind);
  scope.writer.u8(0);
  scope.writer.u16(0);
  scope.writer.u64(frame.version.value);
  scope.writer.string32(as_text(frame.payload));
  scope.finish();
}

void encode(const DisconnectFrame& frame, Bytes& out) {
  FrameScope scope(wire::FrameType::Disconnect, out);
  scope.writer.u16(frame.code);
  scope.writer.u32(frame.retry_after_ms);
  scope.writer.string16(message_for_people(frame.message));
  scope.finish();
}

}  // namespace tidegate
