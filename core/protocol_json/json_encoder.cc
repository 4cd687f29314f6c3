// Fields in the order of docs/PROTOCOL.md. What is empty, none or the usual is left out, so that a
// message shows what it says.
#include "core/protocol_json/json_encoder.h"

#include <vector>

#include "core/base/json_slice.h"
#include "core/protocol/message_text.h"
#include "core/protocol_json/json_names.h"
#include "core/protocol_json/json_writer.h"

namespace tidegate {
namespace {

using json::ObjectWriter;

/// One frame's object, with its type.
ObjectWriter frame_object(std::string_view type, Bytes& out) {
  ObjectWriter object(out);
  object.text("type", type);
  return object;
}

void write_request(ObjectWriter& object, RequestId request) {
  if (request != RequestId::None) object.number("request", static_cast<std::uint32_t>(request));
}

void write_stream(ObjectWriter& object, StreamId stream) {
  object.number("stream", static_cast<std::uint32_t>(stream));
}

void write_operation(ObjectWriter& object, Operation operation) {
  if (operation != Operation::Append) {
    object.text("operation", json::name_of(json::kOperations, operation));
  }
}

/// On the wire the two parts of a merge are one value, here they are members of their own, as in
/// POST /v1/publish.
void write_merge(ObjectWriter& object, std::string_view payload) {
  JsonObjectCursor members(json_trimmed(payload));
  for (std::string_view name, value; members.next(name, value);) {
    object.inlined(json_same_text(name, "set") ? "data" : "unset", value);
  }
}

void write_payload(ObjectWriter& object, Operation operation, PayloadKind kind, ByteView payload) {
  if (kind == PayloadKind::Binary) {
    object.base64("dataBase64", payload);
  } else if (operation == Operation::Merge) {
    write_merge(object, as_text(payload));
  } else if (!payload.empty()) {
    object.inlined("data", as_text(payload));
  }
}

void write_error(ObjectWriter& object, const Error& error) {
  ObjectWriter inner = object.object("error");
  inner.number("code", static_cast<std::uint16_t>(error.code));
  inner.text("name", error_code_name(error.code));
  inner.text("message", message_for_people(error.message));
  inner.truth("temporary", is_temporary(error.code));
  inner.close();
}

void write_source_version(ObjectWriter& object, const SourceVersion& source) {
  ObjectWriter inner = object.object("sourceVersion");
  inner.optional_text("epoch", source.epoch);
  inner.wide("number", source.number);
  inner.close();
}

}  // namespace

void encode_json(const HelloFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("hello", out);
  object.number("version", frame.version);
  object.optional_text("client", frame.client);
  object.optional_text("sessionId", frame.session_id);
  object.optional_text("token", frame.token);
  object.close();
}

void encode_json(const SubscribeFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("subscribe", out);
  write_request(object, frame.request);
  object.text("channel", frame.channel.view());
  if (frame.since) {
    ObjectWriter since = object.object("since");
    since.text("epoch", frame.since->epoch.token());
    since.wide("offset", frame.since->offset.value);
    since.close();
  }
  if (frame.history == kHistoryAll) {
    object.text("history", json::kHistoryAll);
  } else if (frame.history != 0) {
    object.number("history", frame.history);
  }
  if (frame.min_interval_ms != 0) object.number("minIntervalMs", frame.min_interval_ms);
  if (!frame.filter.empty()) object.inlined("filter", frame.filter);
  object.close();
}

void encode_json(const UnsubscribeFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("unsubscribe", out);
  write_request(object, frame.request);
  write_stream(object, frame.stream);
  object.close();
}

void encode_json(const PublishFrame& frame, Bytes& out) {
  const PublicationDraft& draft = frame.draft;
  ObjectWriter object = frame_object("publish", out);
  write_request(object, frame.request);
  object.text("channel", frame.channel.view());
  write_operation(object, draft.operation);
  object.optional_text("key", draft.key);
  object.optional_text("event", draft.event);
  object.optional_text("eventId", draft.event_id);
  object.optional_text("idempotencyKey", draft.idempotency_key);
  if (draft.if_epoch) object.text("ifEpoch", draft.if_epoch->token());
  if (draft.if_version) object.wide("ifVersion", draft.if_version->value);
  if (draft.source_version) write_source_version(object, *draft.source_version);
  if (!draft.tags.empty()) object.inlined("tags", draft.tags);
  write_payload(object, draft.operation, draft.payload_kind, draft.payload);
  object.close();
}

void encode_json(const PingFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("ping", out);
  object.number("nonce", frame.nonce);
  object.close();
}

void encode_json(const PongFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("pong", out);
  object.number("nonce", frame.nonce);
  object.close();
}

void encode_json(const WelcomeFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("welcome", out);
  object.number("version", frame.version);
  object.text("relay", frame.relay);
  object.text("connectionId", frame.connection_id);
  object.number("heartbeatIntervalMs", frame.heartbeat_interval_ms);
  object.number("heartbeatTimeoutMs", frame.heartbeat_timeout_ms);
  object.number("messageBytesMax", frame.message_bytes_max);
  object.number("time", static_cast<std::uint64_t>(wall_ms(frame.time)));
  if (frame.token_expires_in_ms != 0) {
    object.number("tokenExpiresInMs", frame.token_expires_in_ms);
  }
  object.close();
}

void encode_json(const SubscribedFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("subscribed", out);
  write_request(object, frame.request);
  write_stream(object, frame.stream);
  object.text("channel", frame.channel.view());
  object.text("kind", json::name_of(json::kChannelKinds, frame.kind));
  object.text("outcome", json::name_of(json::kSubscribeOutcomes, frame.outcome));
  if (frame.reason != SnapshotReason::None) {
    object.text("reason", json::name_of(json::kSnapshotReasons, frame.reason));
  }
  object.text("catchUp", json::name_of(json::kCatchUps, frame.catch_up));
  object.text("epoch", frame.start.epoch.token());
  object.wide("startOffset", frame.start.offset.value);
  object.wide("target", frame.target.value);
  object.close();
}

void encode_json(const UnsubscribedFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("unsubscribed", out);
  write_request(object, frame.request);
  write_stream(object, frame.stream);
  object.number("code", frame.code);
  object.text("name", unsubscribe_code_name(static_cast<UnsubscribeCode>(frame.code)));
  object.text("message", message_for_people(frame.message));
  object.close();
}

void encode_json(const PublishAckFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("publish_ack", out);
  write_request(object, frame.request);
  object.text("outcome", json::name_of(json::kPublishOutcomes, frame.outcome));
  object.text("epoch", frame.position.epoch.token());
  object.wide("offset", frame.position.offset.value);
  object.close();
}

void encode_json(const RefusedFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("refused", out);
  write_request(object, frame.request);
  write_error(object, frame.error);
  if (frame.error.retry_after_ms != 0) object.number("retryAfterMs", frame.error.retry_after_ms);
  object.close();
}

void encode_json(const PublishConflictFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("publish_conflict", out);
  write_request(object, frame.request);
  if (frame.version.value == 0) {
    object.inlined("current", "null");
  } else {
    ObjectWriter current = object.object("current");
    current.wide("version", frame.version.value);
    write_payload(current, Operation::Set, frame.payload_kind, frame.payload);
    current.close();
  }
  object.close();
}

void encode_json(const DisconnectFrame& frame, Bytes& out) {
  ObjectWriter object = frame_object("disconnect", out);
  object.number("code", frame.code);
  object.text("name", disconnect_code_name(static_cast<DisconnectCode>(frame.code)));
  if (frame.retry_after_ms != 0) object.number("retryAfterMs", frame.retry_after_ms);
  object.text("message", message_for_people(frame.message));
  object.close();
}

namespace {

void write_row(const BlockRow& row, const std::vector<std::string_view>& events, Bytes& out) {
  ObjectWriter object(out);
  object.wide("offset", row.offset.value);
  object.number("time", static_cast<std::uint64_t>(wall_ms(row.time)));
  write_operation(object, row.operation);
  object.optional_text("key", row.key);
  if (row.event_index != wire::kNoEvent) object.text("event", events[row.event_index]);
  object.optional_text("eventId", row.event_id);
  if (row.operation != Operation::Delete) {
    write_payload(object, row.operation, row.payload_kind, row.payload);
  }
  object.close();
}

void write_rows(const BlockView& block, Bytes& out) {
  std::vector<std::string_view> events;
  BlockView::EventNameCursor names = block.event_names();
  for (std::string_view name; names.next(name);) events.push_back(name);
  out.push_back('[');
  bool first = true;
  BlockView::RowCursor rows = block.rows();
  for (BlockRow row; rows.next(row);) {
    if (!std::exchange(first, false)) out.push_back(',');
    write_row(row, events, out);
  }
  out.push_back(']');
}

}  // namespace

void encode_json(const BlockFrame& frame, Bytes& out) {
  const BlockView& block = frame.block;
  ObjectWriter object = frame_object("block", out);
  write_stream(object, block.stream());
  object.wide("previous", block.range().previous.value);
  object.wide("offset", block.range().offset.value);
  if (block.shape().records) object.truth("records", true);
  if (frame.more) object.truth("more", true);
  if (block.shape().sweep) {
    ObjectWriter sweep = object.object("sweep");
    sweep.text("after", block.sweep_after());
    sweep.text("until", block.sweep_until());
    sweep.wide("readAt", block.sweep_read_at().value);
    sweep.close();
  }
  if (frame.has_digest) object.wide("digest", block.digest());
  object.name("rows");
  write_rows(block, out);
  object.close();
}

}  // namespace tidegate
