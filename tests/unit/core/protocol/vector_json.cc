#include "tests/unit/core/protocol/vector_json.h"

#include <fstream>
#include <stdexcept>

#include "core/protocol/block_writer.h"
#include "core/protocol/frame_encoder.h"

namespace tidegate::test {
namespace {

using nlohmann::json;

template <typename Enum>
auto number(Enum value) {
  return static_cast<std::uint32_t>(value);
}
std::string text64(std::uint64_t value) { return std::to_string(value); }
std::uint64_t number64(const json& text) { return std::stoull(text.get<std::string>()); }

json position_fields(const StreamPosition& position) {
  return {{"epoch", position.epoch.token()}, {"offset", text64(position.offset.value)}};
}
StreamPosition position_of(const json& fields) {
  return {*Epoch::parse(fields["epoch"].get<std::string>()), Offset{number64(fields["offset"])}};
}
ChannelName channel_of(const json& fields) {
  return *ChannelName::parse(fields["channel"].get<std::string>());
}
RequestId request_of(const json& fields) {
  return RequestId{fields["request"].get<std::uint32_t>()};
}
StreamId stream_of(const json& fields) { return StreamId{fields["stream"].get<std::uint32_t>()}; }

json source_fields(const std::optional<SourceVersion>& source) {
  if (!source) return nullptr;
  return {{"epoch", source->epoch}, {"number", text64(source->number)}};
}

json sweep_fields(const BlockView& block) {
  if (!block.shape().sweep) return nullptr;
  return {{"after", std::string(block.sweep_after())},
          {"until", std::string(block.sweep_until())},
          {"read_at", text64(block.sweep_read_at().value)}};
}

struct ToFields {
  json operator()(const HelloFrame& f) const {
    return {{"type", "hello"},
            {"version", f.version},
            {"client", f.client},
            {"session_id", f.session_id},
            {"token", f.token}};
  }
  json operator()(const SubscribeFrame& f) const {
    return {{"type", "subscribe"},
            {"request", number(f.request)},
            {"history", f.history},
            {"min_interval_ms", f.min_interval_ms},
            {"channel", f.channel.str()},
            {"since", f.since ? position_fields(*f.since) : json(nullptr)},
            {"filter", f.filter}};
  }
  json operator()(const UnsubscribeFrame& f) const {
    return {{"type", "unsubscribe"}, {"request", number(f.request)}, {"stream", number(f.stream)}};
  }
  json operator()(const PublishFrame& f) const {
    const PublicationDraft& draft = f.draft;
    return {
        {"type", "publish"},
        {"request", number(f.request)},
        {"operation", number(draft.operation)},
        {"payload_kind", number(draft.payload_kind)},
        {"channel", f.channel.str()},
        {"event", draft.event},
        {"event_id", draft.event_id},
        {"key", draft.key},
        {"idempotency_key", draft.idempotency_key},
        {"if_epoch", draft.if_epoch ? json(draft.if_epoch->token()) : json(nullptr)},
        {"if_version", draft.if_version ? json(text64(draft.if_version->value)) : json(nullptr)},
        {"source_version", source_fields(draft.source_version)},
        {"tags", draft.tags},
        {"payload_hex", hex_of_bytes(draft.payload)}};
  }
  json operator()(const PingFrame& f) const { return {{"type", "ping"}, {"nonce", f.nonce}}; }
  json operator()(const PongFrame& f) const { return {{"type", "pong"}, {"nonce", f.nonce}}; }
  json operator()(const WelcomeFrame& f) const {
    return {{"type", "welcome"},
            {"version", f.version},
            {"relay", f.relay},
            {"connection_id", f.connection_id},
            {"heartbeat_interval_ms", f.heartbeat_interval_ms},
            {"heartbeat_timeout_ms", f.heartbeat_timeout_ms},
            {"message_bytes_max", f.message_bytes_max},
            {"time_ms", std::to_string(wall_ms(f.time))},
            {"token_expires_in_ms", text64(f.token_expires_in_ms)}};
  }
  json operator()(const SubscribedFrame& f) const {
    return {{"type", "subscribed"},
            {"request", number(f.request)},
            {"stream", number(f.stream)},
            {"outcome", number(f.outcome)},
            {"reason", number(f.reason)},
            {"kind", number(f.kind)},
            {"catch_up", number(f.catch_up)},
            {"start", position_fields(f.start)},
            {"target", text64(f.target.value)},
            {"channel", f.channel.str()}};
  }
  json operator()(const UnsubscribedFrame& f) const {
    return {{"type", "unsubscribed"},
            {"request", number(f.request)},
            {"stream", number(f.stream)},
            {"code", f.code},
            {"message", f.message}};
  }
  json operator()(const PublishAckFrame& f) const {
    return {{"type", "publish_ack"},
            {"request", number(f.request)},
            {"outcome", number(f.outcome)},
            {"position", position_fields(f.position)}};
  }
  json operator()(const RefusedFrame& f) const {
    return {{"type", "refused"},
            {"request", number(f.request)},
            {"code", number(f.error.code)},
            {"retry_after_ms", f.error.retry_after_ms},
            {"message", f.error.message}};
  }
  json operator()(const PublishConflictFrame& f) const {
    return {{"type", "publish_conflict"},
            {"request", number(f.request)},
            {"payload_kind", number(f.payload_kind)},
            {"version", text64(f.version.value)},
            {"payload_hex", hex_of_bytes(f.payload)}};
  }
  json operator()(const DisconnectFrame& f) const {
    return {{"type", "disconnect"},
            {"code", f.code},
            {"retry_after_ms", f.retry_after_ms},
            {"message", f.message}};
  }
  json operator()(const InvalidCommand& f) const {
    return {{"type", "invalid_command"},
            {"request", number(f.request)},
            {"error", std::string(error_code_name(f.error.code))}};
  }
  json operator()(const BlockFrame& f) const {
    json events = json::array();
    BlockView::EventNameCursor names = f.block.event_names();
    for (std::string_view name; names.next(name);) events.push_back(std::string(name));
    json rows = json::array();
    BlockView::RowCursor cursor = f.block.rows();
    for (BlockRow row; cursor.next(row);) {
      rows.push_back({{"offset", text64(row.offset.value)},
                      {"time_ms", std::to_string(wall_ms(row.time))},
                      {"operation", number(row.operation)},
                      {"payload_kind", number(row.payload_kind)},
                      {"event", std::string(f.block.event_name(row.event_index))},
                      {"key", std::string(row.key)},
                      {"event_id", std::string(row.event_id)},
                      {"payload_hex", hex_of_bytes(row.payload)}});
    }
    return {{"type", "block"},
            {"more", f.more},
            {"records", f.block.shape().records},
            {"sweep", sweep_fields(f.block)},
            {"stream", number(f.block.stream())},
            {"previous", text64(f.block.range().previous.value)},
            {"offset", text64(f.block.range().offset.value)},
            {"group", f.block.group()},
            {"digest", f.has_digest ? json(text64(f.block.digest())) : json(nullptr)},
            {"events", events},
            {"rows", rows}};
  }
};

void encode_publish(const json& fields, Bytes& out) {
  PublishFrame frame;
  PublicationDraft& draft = frame.draft;
  frame.request = request_of(fields);
  frame.channel = channel_of(fields);
  draft.operation = static_cast<Operation>(fields["operation"].get<int>());
  draft.payload_kind = static_cast<PayloadKind>(fields["payload_kind"].get<int>());
  draft.event = fields["event"];
  draft.event_id = fields["event_id"];
  draft.key = fields["key"];
  draft.idempotency_key = fields["idempotency_key"];
  if (!fields["if_epoch"].is_null()) {
    draft.if_epoch = *Epoch::parse(fields["if_epoch"].get<std::string>());
  }
  if (!fields["if_version"].is_null()) draft.if_version = Offset{number64(fields["if_version"])};
  if (const json& source = fields["source_version"]; !source.is_null()) {
    draft.source_version = SourceVersion{source["epoch"], number64(source["number"])};
  }
  draft.tags = fields["tags"];
  draft.payload = bytes_of_hex(fields["payload_hex"]);
  encode(frame, out);
}

void encode_block(const json& fields, Bytes& out) {
  BlockWriter writer(stream_of(fields),
                     {Offset{number64(fields["previous"])}, Offset{number64(fields["offset"])}});
  writer.set_more(fields["more"].get<bool>());
  if (fields["records"].get<bool>()) writer.set_records();
  if (const json& sweep = fields["sweep"]; !sweep.is_null()) {
    writer.set_sweep(sweep["after"], sweep["until"], Offset{number64(sweep["read_at"])});
  }
  if (!fields["digest"].is_null()) writer.set_digest(number64(fields["digest"]));
  for (const json& row : fields["rows"]) {
    Publication publication;
    publication.time = wall_from_ms(static_cast<std::int64_t>(number64(row["time_ms"])));
    publication.operation = static_cast<Operation>(row["operation"].get<int>());
    publication.payload_kind = static_cast<PayloadKind>(row["payload_kind"].get<int>());
    publication.event = row["event"];
    publication.event_id = row["event_id"];
    publication.key = row["key"];
    publication.payload = bytes_of_hex(row["payload_hex"]);
    writer.add(Offset{number64(row["offset"])}, publication);
  }
  writer.finish(out);
}

void encode_answer(const std::string& type, const json& fields, Bytes& out) {
  if (type == "welcome") {
    encode(WelcomeFrame{fields["version"], fields["relay"], fields["connection_id"],
                        fields["heartbeat_interval_ms"], fields["heartbeat_timeout_ms"],
                        fields["message_bytes_max"],
                        wall_from_ms(static_cast<std::int64_t>(number64(fields["time_ms"]))),
                        number64(fields["token_expires_in_ms"])},
           out);
  } else if (type == "subscribed") {
    encode(SubscribedFrame{request_of(fields), stream_of(fields),
                           static_cast<SubscribeOutcome>(fields["outcome"].get<int>()),
                           static_cast<SnapshotReason>(fields["reason"].get<int>()),
                           position_of(fields["start"]), Offset{number64(fields["target"])},
                           channel_of(fields), static_cast<ChannelKind>(fields["kind"].get<int>()),
                           static_cast<CatchUp>(fields["catch_up"].get<int>())},
           out);
  } else if (type == "unsubscribed") {
    encode(
        UnsubscribedFrame{request_of(fields), stream_of(fields), fields["code"], fields["message"]},
        out);
  } else if (type == "publish_ack") {
    encode(PublishAckFrame{request_of(fields),
                           static_cast<PublishOutcome>(fields["outcome"].get<int>()),
                           position_of(fields["position"])},
           out);
  } else if (type == "refused") {
    encode(RefusedFrame{request_of(fields), Error{ErrorCode{fields["code"].get<std::uint16_t>()},
                                                  fields["message"], fields["retry_after_ms"]}},
           out);
  } else if (type == "publish_conflict") {
    encode(PublishConflictFrame{request_of(fields), Offset{number64(fields["version"])},
                                static_cast<PayloadKind>(fields["payload_kind"].get<int>()),
                                bytes_of_hex(fields["payload_hex"])},
           out);
  } else if (type == "disconnect") {
    encode(DisconnectFrame{fields["code"], fields["retry_after_ms"], fields["message"]}, out);
  } else {
    throw std::invalid_argument("no such frame: " + type);
  }
}

}  // namespace

Bytes bytes_of_hex(const std::string& hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  if (digits.size() % 2 != 0) throw std::invalid_argument("half a byte of hex");
  Bytes bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    std::size_t used = 0;
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), &used, 16)));
    if (used != 2) throw std::invalid_argument("not hexadecimal");
  }
  return bytes;
}

std::string hex_of_bytes(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

json load_vectors(const std::string& file) {
  const std::string path = std::string(TIDEGATE_SOURCE_DIR) + "/tests/vectors/" + file;
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("cannot open " + path);
  return json::parse(stream)["vectors"];
}

json fields_of(const Frame& frame) { return std::visit(ToFields{}, frame); }

void encode_fields(const json& fields, Bytes& out) {
  const std::string type = fields["type"];
  if (type == "hello") {
    encode(HelloFrame{fields["version"], fields["client"], fields["session_id"], fields["token"]},
           out);
  } else if (type == "subscribe") {
    std::optional<StreamPosition> since;
    if (!fields["since"].is_null()) since = position_of(fields["since"]);
    encode(SubscribeFrame{request_of(fields), channel_of(fields), since, fields["history"],
                          fields["min_interval_ms"], fields["filter"]},
           out);
  } else if (type == "unsubscribe") {
    encode(UnsubscribeFrame{request_of(fields), stream_of(fields)}, out);
  } else if (type == "publish") {
    encode_publish(fields, out);
  } else if (type == "ping") {
    encode(PingFrame{fields["nonce"]}, out);
  } else if (type == "pong") {
    encode(PongFrame{fields["nonce"]}, out);
  } else if (type == "block") {
    encode_block(fields, out);
  } else {
    encode_answer(type, fields, out);
  }
}

}  // namespace tidegate::test
