// Reads the bodies as docs/PROTOCOL.md lists them, and is strict about it: surplus bytes, reserved
// fields that are not zero, unknown enum values and texts over their limit are refused by name.
// What a command asks for (its channel, epoch and draft) is not a matter of framing: a fault there
// becomes an InvalidCommand, or is found by check_draft(), and costs the command rather than the
// connection.
#include "core/protocol/frame_decoder.h"

#include "core/base/byte_io.h"
#include "core/base/json_scan.h"
#include "core/base/limits.h"

namespace tidegate {
namespace {

Error malformed(std::string message) {
  return Error{ErrorCode::MalformedFrame, std::move(message), 0};
}

/// Reads one body and remembers the first thing that is wrong with it.
class BodyReader {
 public:
  BodyReader(std::string_view frame_name, ByteView body)
      : frame_name_(frame_name), body_bytes_(body.size()), reader_(body) {}

  std::uint8_t u8() { return reader_.u8(); }
  std::uint16_t u16() { return reader_.u16(); }
  std::uint32_t u32() { return reader_.u32(); }
  std::uint64_t u64() { return reader_.u64(); }
  std::string_view string16() { return reader_.string16(); }
  std::string_view string32() { return reader_.string32(); }

  /// The id of a command: never 0, since its answer could not be told from an unsolicited one.
  RequestId request() {
    const std::uint32_t id = u32();
    if (id == 0) fault("request", "must not be 0");
    return RequestId{id};
  }
  StreamId stream() {
    const std::uint32_t id = u32();
    if (id == 0) fault("stream", "must not be 0");
    return StreamId{id};
  }
  /// An enum whose values are 0 to `last`.
  template <typename Enum>
  Enum enum8(std::string_view field, Enum last) {
    const std::uint8_t value = u8();
    if (value > static_cast<std::uint8_t>(last)) fault(field, "has an unknown value");
    return static_cast<Enum>(value);
  }
  void zero8() {
    if (u8() != 0) fault("a reserved field", "must be 0");
  }
  void zero16() {
    if (u16() != 0) fault("a reserved field", "must be 0");
  }
  std::string text(std::string_view field, std::size_t bytes_max) {
    const std::string_view value = string16();
    if (value.size() > bytes_max) {
      fault(field, "has more than " + std::to_string(bytes_max) + " bytes");
      return {};
    }
    if (!is_valid_utf8(as_bytes(value))) fault(field, "is not valid UTF-8");
    return std::string(value);
  }
  Epoch epoch() {
    const auto epoch = Epoch::parse(string16());
    if (epoch.ok()) return *epoch;
    fault("epoch", "is wrong: " + epoch.error().message);
    return {};
  }
  ChannelName channel() {
    const auto channel = ChannelName::parse(string16());
    if (channel.ok()) return *channel;
    fault("channel", "is wrong: " + channel.error().message);
    return {};
  }
  void fault(std::string_view field, std::string_view what) {
    if (!fault_.empty()) return;
    fault_ = std::string(frame_name_) + ": " + std::string(field) + " " + std::string(what);
  }

  /// True when the whole body was read and nothing was wrong; else error() says what was.
  bool good() const { return reader_.complete() && fault_.empty(); }
  Error error() const {
    const std::string name(frame_name_);
    if (reader_.failed()) {
      return malformed(name + ": the body ends too early, after " + std::to_string(body_bytes_) +
                       " bytes");
    }
    if (!fault_.empty()) return malformed(fault_);
    return malformed(name + ": the body has " + std::to_string(reader_.remaining()) +
                     " surplus bytes");
  }
  template <typename FrameT>
  Result<Frame> done(FrameT frame) const {
    if (good()) return Frame(std::move(frame));
    return error();
  }

 private:
  std::string_view frame_name_;
  std::size_t body_bytes_;
  ByteReader reader_;
  std::string fault_;
};

bool version_is_known(std::uint16_t version) {
  return version >= wire::kProtocolVersionMin && version <= wire::kProtocolVersion;
}

Result<Frame> decode_hello(ByteView body) {
  BodyReader reader("hello", body);
  HelloFrame frame;
  frame.version = reader.u16();
  // Every version begins like this; the rest of another one is not ours to read. The session
  // refuses it.
  if (body.size() >= 2 && !version_is_known(frame.version)) return Frame(std::move(frame));
  frame.client = reader.text("client", limits::client_label_bytes_max);
  frame.session_id = reader.text("session_id", limits::session_id_bytes_max);
  frame.token = reader.text("token", limits::token_bytes_max);
  return reader.done(std::move(frame));
}

Result<Frame> decode_subscribe(ByteView body) {
  BodyReader reader("subscribe", body);
  SubscribeFrame frame;
  frame.request = reader.request();
  frame.history = reader.u32();
  frame.min_interval_ms = reader.u32();
  const std::string_view channel_text = reader.string16();
  const std::string_view epoch_text = reader.string16();
  const Offset offset{reader.u64()};
  frame.filter = reader.string16();  // judged by who evaluates it
  if (epoch_text.empty() && offset.value != 0) reader.fault("offset", "has no epoch beside it");
  if (!reader.good()) return reader.error();

  auto channel = ChannelName::parse(channel_text);
  if (!channel.ok()) return Frame(InvalidCommand{frame.request, channel.error()});
  frame.channel = *std::move(channel);
  if (epoch_text.empty()) return Frame(std::move(frame));
  auto epoch = Epoch::parse(epoch_text);
  if (!epoch.ok()) return Frame(InvalidCommand{frame.request, epoch.error()});
  frame.since = StreamPosition{*std::move(epoch), offset};
  return Frame(std::move(frame));
}

Result<Frame> decode_unsubscribe(ByteView body) {
  BodyReader reader("unsubscribe", body);
  UnsubscribeFrame frame;
  frame.request = reader.request();
  frame.stream = reader.stream();
  return reader.done(frame);
}

/// A conditional field that is not announced must be empty.
void check_conditions(BodyReader& reader, std::uint16_t conditions, std::string_view if_epoch,
                      Offset if_version, const SourceVersion& source) {
  constexpr std::uint16_t kKnown = wire::kIfEpoch | wire::kIfVersion | wire::kSourceVersion;
  if ((conditions & ~kKnown) != 0) reader.fault("conditions", "has unknown bits");
  if ((conditions & wire::kIfEpoch) == 0 && !if_epoch.empty()) {
    reader.fault("if_epoch", "must be empty without its condition");
  }
  if ((conditions & wire::kIfVersion) == 0 && if_version.value != 0) {
    reader.fault("if_version", "must be 0 without its condition");
  }
  if ((conditions & wire::kSourceVersion) == 0 && (!source.epoch.empty() || source.number != 0)) {
    reader.fault("source_version", "must be empty without its condition");
  }
}

Result<Frame> decode_publish(ByteView body) {
  BodyReader reader("publish", body);
  PublishFrame frame;
  PublicationDraft& draft = frame.draft;
  frame.request = reader.request();
  draft.operation = reader.enum8("operation", Operation::Delete);
  draft.payload_kind = reader.enum8("payload_kind", PayloadKind::Binary);
  const std::uint16_t conditions = reader.u16();
  const std::string_view channel_text = reader.string16();
  draft.event = reader.string16();
  draft.event_id = reader.string16();
  draft.key = reader.string16();
  draft.idempotency_key = reader.string16();
  const std::string_view epoch_text = reader.string16();
  const Offset if_version{reader.u64()};
  SourceVersion source;
  source.epoch = reader.string16();
  source.number = reader.u64();
  draft.tags = reader.string16();
  const ByteView payload = as_bytes(reader.string32());
  check_conditions(reader, conditions, epoch_text, if_version, source);
  if (!reader.good()) return reader.error();
  if ((conditions & wire::kIfVersion) != 0) draft.if_version = if_version;
  if ((conditions & wire::kSourceVersion) != 0) draft.source_version = std::move(source);

  auto channel = ChannelName::parse(channel_text);
  if (!channel.ok()) return Frame(InvalidCommand{frame.request, channel.error()});
  frame.channel = *std::move(channel);
  if ((conditions & wire::kIfEpoch) != 0) {
    auto epoch = Epoch::parse(epoch_text);
    if (!epoch.ok()) return Frame(InvalidCommand{frame.request, epoch.error()});
    draft.if_epoch = *std::move(epoch);
  }
  draft.payload.assign(payload.begin(), payload.end());
  return Frame(std::move(frame));
}

Result<Frame> decode_ping(ByteView body) {
  BodyReader reader("ping", body);
  const PingFrame frame{reader.u32()};
  return reader.done(frame);
}

Result<Frame> decode_pong(ByteView body) {
  BodyReader reader("pong", body);
  const PongFrame frame{reader.u32()};
  return reader.done(frame);
}

Result<Frame> decode_welcome(ByteView body) {
  BodyReader reader("welcome", body);
  WelcomeFrame frame;
  frame.version = reader.u16();
  if (body.size() >= 2 && !version_is_known(frame.version)) return Frame(std::move(frame));
  reader.zero16();
  frame.heartbeat_interval_ms = reader.u32();
  frame.heartbeat_timeout_ms = reader.u32();
  frame.message_bytes_max = reader.u32();
  frame.time = wall_from_ms(static_cast<std::int64_t>(reader.u64()));
  frame.token_expires_in_ms = reader.u64();
  frame.relay = reader.text("relay", limits::relay_label_bytes_max);
  frame.connection_id = reader.text("connection_id", limits::connection_id_bytes_max);
  return reader.done(std::move(frame));
}

Result<Frame> decode_subscribed(ByteView body) {
  BodyReader reader("subscribed", body);
  SubscribedFrame frame;
  frame.request = RequestId{reader.u32()};
  frame.stream = reader.stream();
  frame.outcome = reader.enum8("outcome", SubscribeOutcome::Snapshot);
  frame.reason = reader.enum8("reason", SnapshotReason::AnotherView);
  frame.kind = reader.enum8("kind", ChannelKind::Signal);
  frame.catch_up = reader.enum8("catch_up", CatchUp::Records);
  frame.start.offset = Offset{reader.u64()};
  frame.target = Offset{reader.u64()};
  frame.start.epoch = reader.epoch();
  frame.channel = reader.channel();
  const bool recovered = frame.outcome == SubscribeOutcome::Recovered;
  if (recovered != (frame.reason == SnapshotReason::None)) {
    reader.fault("reason", "must be 0 when recovered, and only then");
  }
  return reader.done(std::move(frame));
}

Result<Frame> decode_unsubscribed(ByteView body) {
  BodyReader reader("unsubscribed", body);
  UnsubscribedFrame frame;
  frame.request = RequestId{reader.u32()};
  frame.stream = reader.stream();
  frame.code = reader.u16();
  frame.message = reader.text("message", limits::error_message_bytes_max);
  return reader.done(std::move(frame));
}

Result<Frame> decode_publish_ack(ByteView body) {
  BodyReader reader("publish_ack", body);
  PublishAckFrame frame;
  frame.request = reader.request();
  frame.outcome = reader.enum8("outcome", PublishOutcome::Stale);
  reader.zero8();
  reader.zero16();
  frame.position.offset = Offset{reader.u64()};
  frame.position.epoch = reader.epoch();
  return reader.done(std::move(frame));
}

Result<Frame> decode_refused(ByteView body) {
  BodyReader reader("refused", body);
  RefusedFrame frame;
  frame.request = reader.request();
  frame.error.code = ErrorCode{reader.u16()};  // an unknown code is judged by its range
  frame.error.retry_after_ms = reader.u32();
  frame.error.message = reader.text("message", limits::error_message_bytes_max);
  return reader.done(std::move(frame));
}

Result<Frame> decode_publish_conflict(ByteView body) {
  BodyReader reader("publish_conflict", body);
  PublishConflictFrame frame;
  frame.request = reader.request();
  frame.payload_kind = reader.enum8("payload_kind", PayloadKind::Binary);
  reader.zero8();
  reader.zero16();
  frame.version = Offset{reader.u64()};
  const ByteView payload = as_bytes(reader.string32());
  frame.payload.assign(payload.begin(), payload.end());
  if (frame.version.value == 0 && !payload.empty()) {
    reader.fault("payload", "must be empty when there is no record");
  }
  return reader.done(std::move(frame));
}

Result<Frame> decode_disconnect(ByteView body) {
  BodyReader reader("disconnect", body);
  DisconnectFrame frame;
  frame.code = reader.u16();
  frame.retry_after_ms = reader.u32();
  frame.message = reader.text("message", limits::error_message_bytes_max);
  return reader.done(std::move(frame));
}

Result<Frame> decode_block(std::uint8_t flags, ByteView body, std::uint32_t body_at) {
  constexpr std::uint8_t kKnown = wire::kFlagMore | wire::kFlagDigest | wire::kFlagGroup |
                                  wire::kFlagRecords | wire::kFlagSweep;
  if ((flags & ~kKnown) != 0) return malformed("block: unknown flags");
  const bool records = (flags & wire::kFlagRecords) != 0;
  const bool sweep = (flags & wire::kFlagSweep) != 0;
  if (sweep && !records) return malformed("block: a sweep is of records");
  if ((flags & wire::kFlagMore) != 0 && !records) return malformed("block: pages are of records");
  const auto view = BlockView::parse(body, body_at, BlockShape{records, sweep});
  if (!view.ok()) return view.error();
  if ((flags & wire::kFlagDigest) == 0 && view->digest() != 0) {
    return malformed("block: digest must be 0 without its flag");
  }
  if ((flags & wire::kFlagGroup) == 0 && view->group() != 0) {
    return malformed("block: group must be 0 without its flag");
  }
  return Frame(BlockFrame{(flags & wire::kFlagMore) != 0, *view, (flags & wire::kFlagDigest) != 0});
}

bool all_zero(ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

bool is_known(wire::FrameType type) {
  switch (type) {
    case wire::FrameType::Hello:
    case wire::FrameType::Subscribe:
    case wire::FrameType::Unsubscribe:
    case wire::FrameType::Publish:
    case wire::FrameType::Ping:
    case wire::FrameType::Pong:
    case wire::FrameType::Welcome:
    case wire::FrameType::Subscribed:
    case wire::FrameType::Unsubscribed:
    case wire::FrameType::PublishAck:
    case wire::FrameType::Refused:
    case wire::FrameType::Disconnect:
    case wire::FrameType::PublishConflict:
    case wire::FrameType::Block:
      return true;
  }
  return false;
}

}  // namespace

std::optional<Result<Frame>> FrameDecoder::next() {
  if (ended_) return std::nullopt;
  if (message_.empty()) return fail(malformed("the message is empty"));
  while (at_ < message_.size()) {
    ByteReader reader(message_.subspan(at_));
    const std::uint32_t body_bytes = reader.u32();
    const auto type = static_cast<wire::FrameType>(reader.u8());
    const std::uint8_t flags = reader.u8();
    const std::uint16_t zero = reader.u16();
    if (reader.failed()) return fail(malformed("a frame header is cut short"));
    if (zero != 0) return fail(malformed("the reserved field of a frame header must be 0"));
    const ByteView body = reader.bytes(body_bytes);
    const ByteView padding = reader.bytes((0 - std::size_t{body_bytes}) % wire::kAlignment);
    if (reader.failed()) return fail(malformed("a frame is longer than its message"));
    if (!all_zero(padding)) return fail(malformed("the padding of a frame must be 0"));

    const auto body_at = static_cast<std::uint32_t>(at_ + wire::kFrameHeaderBytes);
    at_ += reader.position();
    if (is_known(type)) {
      Result<Frame> frame = decode_body(type, flags, body, body_at);
      if (!frame.ok()) ended_ = true;
      return frame;
    }
    if ((flags & wire::kFlagOptional) == 0) {
      return fail({ErrorCode::UnknownFrameType,
                   "unknown frame type " + std::to_string(static_cast<unsigned>(type)), 0});
    }
  }
  ended_ = true;
  return std::nullopt;
}

std::optional<Result<Frame>> FrameDecoder::fail(Error error) {
  ended_ = true;
  return Result<Frame>(std::move(error));
}

Result<Frame> FrameDecoder::decode_body(wire::FrameType type, std::uint8_t flags, ByteView body,
                                        std::uint32_t body_at) {
  if (type == wire::FrameType::Block) return decode_block(flags, body, body_at);
  if (flags != 0) return malformed("unknown flags in the header of a control frame");
  switch (type) {
    case wire::FrameType::Hello:
      return decode_hello(body);
    case wire::FrameType::Subscribe:
      return decode_subscribe(body);
    case wire::FrameType::Unsubscribe:
      return decode_unsubscribe(body);
    case wire::FrameType::Publish:
      return decode_publish(body);
    case wire::FrameType::Ping:
      return decode_ping(body);
    case wire::FrameType::Pong:
      return decode_pong(body);
    case wire::FrameType::Welcome:
      return decode_welcome(body);
    case wire::FrameType::Subscribed:
      return decode_subscribed(body);
    case wire::FrameType::Unsubscribed:
      return decode_unsubscribed(body);
    case wire::FrameType::PublishAck:
      return decode_publish_ack(body);
    case wire::FrameType::Refused:
      return decode_refused(body);
    case wire::FrameType::PublishConflict:
      return decode_publish_conflict(body);
    case wire::FrameType::Disconnect:
      return decode_disconnect(body);
    case wire::FrameType::Block:
      break;
  }
  return malformed("unknown frame type");
}

}  // namespace tidegate
