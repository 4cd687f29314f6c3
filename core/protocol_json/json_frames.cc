// Strict, as the binary decoder is: a field that is not known, of the wrong type or missing makes
// the frame malformed. What a command asks for is no matter of form: a fault there becomes an
// InvalidCommand, or is found by check_draft(), and costs the command rather than the connection.
#include "core/protocol_json/json_frames.h"

#include "core/base/base64.h"
#include "core/base/json_slice.h"
#include "core/base/limits.h"
#include "core/protocol_json/json_fields.h"
#include "core/protocol_json/json_names.h"

namespace tidegate::json {
namespace {

template <typename FrameT>
Result<Frame> done(const Fault& fault, FrameT frame) {
  if (fault.any()) return fault.error();
  return Frame(std::move(frame));
}

Frame refused(RequestId request, Error error) { return InvalidCommand{request, std::move(error)}; }

Error bad_request(std::string message) {
  return Error{ErrorCode::BadRequest, std::move(message), 0};
}

/// Every version begins with its number; the rest of another one is not ours to read.
std::optional<std::uint16_t> other_version(std::string_view object) {
  const auto version = json_whole_number(find_member(object, "version"));
  const bool ours = version.value_or(wire::kProtocolVersion) >= wire::kProtocolVersionMin &&
                    version.value_or(wire::kProtocolVersion) <= wire::kProtocolVersion;
  if (ours || *version > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(*version);
}

Result<Frame> read_hello(const FrameSource& source) {
  HelloFrame frame;
  if (const auto version = other_version(source.object)) {
    frame.version = *version;
    return Frame(std::move(frame));
  }
  Fault fault("hello");
  Fields fields(source.object, source.pointer, {"type", "version", "client", "sessionId", "token"},
                fault);
  frame.version = fields.required_number<std::uint16_t>("version");
  frame.client = fields.text("client", limits::client_label_bytes_max);
  frame.session_id = fields.text("sessionId", limits::session_id_bytes_max);
  frame.token = fields.text("token", limits::token_bytes_max);
  return done(fault, std::move(frame));
}

std::uint32_t read_history(Fields& fields) {
  const std::optional<std::string> text = string_of(fields.value("history"));
  if (!text.has_value()) return fields.number<std::uint32_t>("history");
  if (*text != kHistoryAll) fields.fault("history", "must be a whole number, or \"all\"");
  return tidegate::kHistoryAll;
}

Result<Frame> read_subscribe(const FrameSource& source) {
  Fault fault("subscribe");
  Fields fields(source.object, source.pointer,
                {"type", "request", "channel", "since", "history", "minIntervalMs", "filter"},
                fault);
  SubscribeFrame frame;
  frame.request = fields.request();
  const std::string channel_text = fields.required_text("channel");
  std::optional<std::string> epoch_text;
  Offset offset;
  if (fields.has("since")) {
    Fields since = fields.object("since", {"epoch", "offset"});
    epoch_text = since.required_text("epoch");
    offset = Offset{since.required_wide("offset")};
  }
  frame.history = read_history(fields);
  frame.min_interval_ms = fields.number<std::uint32_t>("minIntervalMs");
  frame.filter = fields.value("filter");  // judged by who evaluates it
  if (fault.any()) return fault.error();

  auto channel = ChannelName::parse(channel_text);
  if (!channel.ok()) return refused(frame.request, channel.error());
  frame.channel = *std::move(channel);
  if (!epoch_text.has_value()) return Frame(std::move(frame));
  auto epoch = Epoch::parse(*epoch_text);
  if (!epoch.ok()) return refused(frame.request, epoch.error());
  frame.since = StreamPosition{*std::move(epoch), offset};
  return Frame(std::move(frame));
}

Result<Frame> read_unsubscribe(const FrameSource& source) {
  Fault fault("unsubscribe");
  Fields fields(source.object, source.pointer, {"type", "request", "stream"}, fault);
  UnsubscribeFrame frame;
  frame.request = fields.request();
  frame.stream = fields.stream();
  return done(fault, frame);
}

std::optional<SourceVersion> read_source_version(Fields& fields) {
  if (!fields.has("sourceVersion")) return std::nullopt;
  Fields source = fields.object("sourceVersion", {"epoch", "number"});
  return SourceVersion{source.text("epoch"), source.required_wide("number")};
}

Status read_if_version(Fields& fields, PublicationDraft& draft) {
  const bool if_absent = fields.truth("ifAbsent");
  if (fields.has("ifVersion")) draft.if_version = Offset{fields.wide("ifVersion")};
  if (!if_absent) return ok_status();
  if (draft.if_version) return bad_request("a publish has either ifVersion or ifAbsent, not both");
  draft.if_version = Offset{0};
  return ok_status();
}

/// What the fields of a sound publish ask for.
Status read_draft(const Fields& fields, const std::string& epoch_text, PublicationDraft& draft) {
  if (fields.has("ifEpoch")) {
    auto epoch = Epoch::parse(epoch_text);
    if (!epoch.ok()) return epoch.error();
    draft.if_epoch = *std::move(epoch);
  }
  auto payload = payload_of(
      draft.operation, {fields.value("data"), fields.value("dataBase64"), fields.value("unset")});
  if (!payload.ok()) return payload.error();
  draft.payload_kind = payload->kind;
  draft.payload = std::move(payload->bytes);
  return ok_status();
}

Result<Frame> read_publish(const FrameSource& source) {
  Fault fault("publish");
  Fields fields(
      source.object, source.pointer,
      {"type", "request", "channel", "operation", "key", "event", "eventId", "idempotencyKey",
       "ifEpoch", "ifVersion", "ifAbsent", "sourceVersion", "tags", "data", "dataBase64", "unset"},
      fault);
  PublishFrame frame;
  PublicationDraft& draft = frame.draft;
  frame.request = fields.request();
  const std::string channel_text = fields.required_text("channel");
  draft.operation = fields.named("operation", kOperations, Operation::Append);
  draft.key = fields.text("key");
  draft.event = fields.text("event");
  draft.event_id = fields.text("eventId");
  draft.idempotency_key = fields.text("idempotencyKey");
  const std::string epoch_text = fields.text("ifEpoch");
  const Status condition = read_if_version(fields, draft);
  draft.source_version = read_source_version(fields);
  draft.tags = fields.value("tags");
  if (fault.any()) return fault.error();

  auto channel = ChannelName::parse(channel_text);
  if (!channel.ok()) return refused(frame.request, channel.error());
  frame.channel = *std::move(channel);
  if (!condition.ok()) return refused(frame.request, condition.error());
  const Status asked = read_draft(fields, epoch_text, draft);
  if (!asked.ok()) return refused(frame.request, asked.error());
  return Frame(std::move(frame));
}

Result<Frame> read_ping(const FrameSource& source) {
  Fault fault("ping");
  Fields fields(source.object, source.pointer, {"type", "nonce"}, fault);
  return done(fault, PingFrame{fields.required_number<std::uint32_t>("nonce")});
}

Result<Frame> read_pong(const FrameSource& source) {
  Fault fault("pong");
  Fields fields(source.object, source.pointer, {"type", "nonce"}, fault);
  return done(fault, PongFrame{fields.required_number<std::uint32_t>("nonce")});
}

Result<Frame> read_welcome(const FrameSource& source) {
  WelcomeFrame frame;
  if (const auto version = other_version(source.object)) {
    frame.version = *version;
    return Frame(std::move(frame));
  }
  Fault fault("welcome");
  Fields fields(source.object, source.pointer,
                {"type", "version", "relay", "connectionId", "heartbeatIntervalMs",
                 "heartbeatTimeoutMs", "messageBytesMax", "time", "tokenExpiresInMs"},
                fault);
  frame.version = fields.required_number<std::uint16_t>("version");
  frame.relay = fields.text("relay", limits::relay_label_bytes_max);
  frame.connection_id = fields.text("connectionId", limits::connection_id_bytes_max);
  frame.heartbeat_interval_ms = fields.required_number<std::uint32_t>("heartbeatIntervalMs");
  frame.heartbeat_timeout_ms = fields.required_number<std::uint32_t>("heartbeatTimeoutMs");
  frame.message_bytes_max = fields.required_number<std::uint32_t>("messageBytesMax");
  const auto time_ms = fields.required_number<std::uint64_t>("time");
  frame.time = wall_from_ms(static_cast<std::int64_t>(time_ms));
  frame.token_expires_in_ms = fields.number<std::uint64_t>("tokenExpiresInMs");
  return done(fault, std::move(frame));
}

Result<Frame> read_subscribed(const FrameSource& source) {
  Fault fault("subscribed");
  Fields fields(source.object, source.pointer,
                {"type", "request", "stream", "channel", "kind", "outcome", "reason", "catchUp",
                 "epoch", "startOffset", "target"},
                fault);
  SubscribedFrame frame;
  frame.request = fields.optional_request();
  frame.stream = fields.stream();
  frame.channel = fields.channel();
  frame.kind = fields.required_named<ChannelKind>("kind", kChannelKinds);
  frame.outcome = fields.required_named<SubscribeOutcome>("outcome", kSubscribeOutcomes);
  frame.reason = fields.named("reason", kSnapshotReasons, SnapshotReason::None);
  frame.catch_up = fields.required_named<CatchUp>("catchUp", kCatchUps);
  frame.start.epoch = fields.epoch();
  frame.start.offset = Offset{fields.required_wide("startOffset")};
  frame.target = Offset{fields.required_wide("target")};
  const bool recovered = frame.outcome == SubscribeOutcome::Recovered;
  if (recovered != (frame.reason == SnapshotReason::None)) {
    fields.fault("reason", "must be given with a snapshot, and only then");
  }
  return done(fault, std::move(frame));
}

Result<Frame> read_unsubscribed(const FrameSource& source) {
  Fault fault("unsubscribed");
  Fields fields(source.object, source.pointer,
                {"type", "request", "stream", "code", "name", "message"}, fault);
  UnsubscribedFrame frame;
  frame.request = fields.optional_request();
  frame.stream = fields.stream();
  frame.code = fields.required_number<std::uint16_t>("code");
  fields.text("name");  // for people
  frame.message = fields.text("message", limits::error_message_bytes_max);
  return done(fault, std::move(frame));
}

Result<Frame> read_publish_ack(const FrameSource& source) {
  Fault fault("publish_ack");
  Fields fields(source.object, source.pointer, {"type", "request", "outcome", "epoch", "offset"},
                fault);
  PublishAckFrame frame;
  frame.request = fields.request();
  frame.outcome = fields.required_named<PublishOutcome>("outcome", kPublishOutcomes);
  frame.position.epoch = fields.epoch();
  frame.position.offset = Offset{fields.required_wide("offset")};
  return done(fault, std::move(frame));
}

Result<Frame> read_refused(const FrameSource& source) {
  Fault fault("refused");
  Fields fields(source.object, source.pointer, {"type", "request", "error", "retryAfterMs"}, fault);
  RefusedFrame frame;
  frame.request = fields.request();
  fields.require("error");
  Fields error = fields.object("error", {"code", "name", "message", "temporary"});
  frame.error.code = ErrorCode{error.required_number<std::uint16_t>("code")};
  error.text("name");  // the code says it, and so it does the next
  error.truth("temporary");
  frame.error.message = error.text("message", limits::error_message_bytes_max);
  frame.error.retry_after_ms = fields.number<std::uint32_t>("retryAfterMs");
  return done(fault, std::move(frame));
}

Result<Frame> read_publish_conflict(const FrameSource& source) {
  Fault fault("publish_conflict");
  Fields fields(source.object, source.pointer, {"type", "request", "current"}, fault);
  PublishConflictFrame frame;
  frame.request = fields.request();
  if (!fields.has("current")) return done(fault, std::move(frame));
  Fields current = fields.object("current", {"version", "data", "dataBase64"});
  frame.version = Offset{current.required_wide("version")};
  if (frame.version.value == 0) current.fault("version", "must not be 0");
  auto payload =
      payload_of(Operation::Set, {current.value("data"), current.value("dataBase64"), {}});
  if (payload.ok()) {
    frame.payload_kind = payload->kind;
    frame.payload = std::move(payload->bytes);
  } else {
    current.fault({}, "is no record: " + payload.error().message);
  }
  return done(fault, std::move(frame));
}

Result<Frame> read_disconnect(const FrameSource& source) {
  Fault fault("disconnect");
  Fields fields(source.object, source.pointer, {"type", "code", "name", "retryAfterMs", "message"},
                fault);
  DisconnectFrame frame;
  frame.code = fields.required_number<std::uint16_t>("code");
  fields.text("name");  // for people
  frame.retry_after_ms = fields.number<std::uint32_t>("retryAfterMs");
  frame.message = fields.text("message", limits::error_message_bytes_max);
  return done(fault, std::move(frame));
}

/// Within a merge, which is one value on the binary wire, its two parts.
Payload merge_of(const PayloadFields& fields) {
  std::string text = "{";
  if (!fields.data.empty()) text += "\"set\":" + std::string(fields.data);
  if (!fields.unset.empty()) {
    text += (fields.data.empty() ? "" : ",") + ("\"unset\":" + std::string(fields.unset));
  }
  text += "}";
  return Payload{PayloadKind::Json, Bytes(text.begin(), text.end())};
}

}  // namespace

Result<Payload> payload_of(Operation operation, const PayloadFields& fields) {
  const bool is_merge = operation == Operation::Merge;
  if (!fields.unset.empty() && !is_merge) return bad_request("unset belongs to a merge");
  if (!fields.base64.empty()) {
    if (!fields.data.empty()) return bad_request("either data or dataBase64 is given, not both");
    if (!fields.unset.empty()) return bad_request("a merge has data, not bytes");
    const auto text = string_of(fields.base64);
    auto bytes = text.has_value() ? decode_base64(*text, Base64::Standard) : std::nullopt;
    if (bytes.has_value()) return Payload{PayloadKind::Binary, std::move(*bytes)};
    return Error{ErrorCode::InvalidPayload,
                 "dataBase64 must be a string in base64 with its padding", 0};
  }
  if (is_merge) return merge_of(fields);
  if (fields.data.empty() && operation != Operation::Delete) {
    return bad_request("data is missing (or dataBase64, for bytes)");
  }
  return Payload{PayloadKind::Json, Bytes(fields.data.begin(), fields.data.end())};
}

FrameReader frame_reader(std::string_view type) {
  static constexpr struct {
    std::string_view type;
    FrameReader reader;
  } kReaders[] = {
      {"hello", read_hello},
      {"subscribe", read_subscribe},
      {"unsubscribe", read_unsubscribe},
      {"publish", read_publish},
      {"ping", read_ping},
      {"pong", read_pong},
      {"welcome", read_welcome},
      {"subscribed", read_subscribed},
      {"unsubscribed", read_unsubscribed},
      {"publish_ack", read_publish_ack},
      {"refused", read_refused},
      {"publish_conflict", read_publish_conflict},
      {"disconnect", read_disconnect},
      {"block", read_block},
  };
  for (const auto& known : kReaders) {
    if (known.type == type) return known.reader;
  }
  return nullptr;
}

}  // namespace tidegate::json
