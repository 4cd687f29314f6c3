#include "edge/app/publish_body.h"

#include <algorithm>
#include <optional>

#include "core/base/json_scan.h"
#include "core/base/limits.h"
#include "edge/app/did_you_mean.h"
#include "edge/app/json_slices.h"
#include "edge/auth/base64.h"

namespace tidegate::app {
namespace {

/// {"messages":[{"data":…}]} puts three levels around a payload.
constexpr std::size_t kEnvelopeDepth = 3;

Error bad(std::string message) { return Error{ErrorCode::BadRequest, std::move(message), 0}; }

std::string unknown_field(const std::string& name) {
  const std::vector<std::string> known = {"channel", "event", "eventId",   "key",
                                          "ifEpoch", "data",  "dataBase64"};
  const std::string meant = did_you_mean(name, known);
  std::string message = "a message has an unknown field";
  if (!meant.empty()) message += ": did you mean \"" + meant + "\"?";
  return message + " Known are channel, event, eventId, key, ifEpoch, data and dataBase64";
}

/// Reads the members of one message into a draft, each at most once.
class MessageReader {
 public:
  Status read(const JsonMember& member);
  Result<PublishMessage> finish() &&;

 private:
  Status read_text(const JsonMember& member, std::string& target);
  Status read_channel(std::string_view value);
  Status read_if_epoch(std::string_view value);
  Status read_binary(std::string_view value);
  Status begin_payload();

  PublishMessage message_;
  std::vector<std::string> seen_;
  bool has_payload_ = false;
};

Status MessageReader::read(const JsonMember& member) {
  const std::string& name = member.name;
  if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) {
    return bad("a message has the field " + name + " twice");
  }
  PublicationDraft& draft = message_.draft;
  if (name == "channel") {
    seen_.push_back(name);
    return read_channel(member.value);
  }
  if (name != "event" && name != "eventId" && name != "key" && name != "ifEpoch" &&
      name != "data" && name != "dataBase64") {
    return bad(unknown_field(name));
  }
  seen_.push_back(name);
  if (name == "event") return read_text(member, draft.event);
  if (name == "eventId") return read_text(member, draft.event_id);
  if (name == "key") return read_text(member, draft.key);
  if (name == "ifEpoch") return read_if_epoch(member.value);
  if (name == "dataBase64") return read_binary(member.value);
  const Status begun = begin_payload();
  if (!begun) return begun;
  const ByteView bytes = as_bytes(member.value);
  draft.payload.assign(bytes.begin(), bytes.end());
  return ok_status();
}

Status MessageReader::read_text(const JsonMember& member, std::string& target) {
  auto text = json_string(member.value);
  if (!text.has_value()) return bad(member.name + " must be a string");
  target = std::move(*text);
  return ok_status();
}

Status MessageReader::read_channel(std::string_view value) {
  const auto text = json_string(value);
  if (!text.has_value()) return bad("channel must be a string");
  auto channel = ChannelName::parse(*text);
  if (!channel) return channel.error();
  message_.channel = std::move(channel).value();
  return ok_status();
}

Status MessageReader::read_if_epoch(std::string_view value) {
  const auto text = json_string(value);
  if (!text.has_value()) return bad("ifEpoch must be a string");
  auto epoch = Epoch::parse(*text);
  if (!epoch) return bad("ifEpoch: " + epoch.error().message);
  message_.draft.if_epoch = std::move(epoch).value();
  return ok_status();
}

Status MessageReader::read_binary(std::string_view value) {
  const Status begun = begin_payload();
  if (!begun) return begun;
  const auto text = json_string(value);
  auto bytes = text.has_value() ? auth::decode_base64(*text, auth::Base64::Standard) : std::nullopt;
  if (!bytes.has_value()) return bad("dataBase64 must be a string in base64 with its padding");
  message_.draft.payload = std::move(*bytes);
  message_.draft.payload_kind = PayloadKind::Binary;
  return ok_status();
}

Status MessageReader::begin_payload() {
  if (has_payload_) return bad("a message has either data or dataBase64, not both");
  has_payload_ = true;
  return ok_status();
}

Result<PublishMessage> MessageReader::finish() && {
  if (message_.channel.empty()) return bad("channel is missing");
  if (!has_payload_) return bad("data is missing (or dataBase64, for bytes)");
  return std::move(message_);
}

Result<PublishMessage> read_message(const std::vector<JsonMember>& members) {
  MessageReader reader;
  for (const JsonMember& member : members) {
    const Status status = reader.read(member);
    if (!status) return status.error();
  }
  return std::move(reader).finish();
}

Result<PublishMessage> read_element(std::string_view element, std::string idempotency_key) {
  const auto members = json_members(element);
  if (!members.has_value()) return bad("a message must be an object");
  auto message = read_message(*members);
  if (message) message->draft.idempotency_key = std::move(idempotency_key);
  return message;
}

Result<PublishBody> read_batch(std::string_view list, std::string_view idempotency_key) {
  const auto elements = json_elements(list);
  if (!elements.has_value() || elements->empty()) {
    return bad("messages must be a list with at least one message");
  }
  if (elements->size() > limits::publish_batch_entries_max) {
    return Error{ErrorCode::LimitExceeded,
                 "a batch has " + std::to_string(elements->size()) + " messages, at most " +
                     std::to_string(limits::publish_batch_entries_max) +
                     " are accepted at once (publish_batch_entries_max)",
                 0};
  }
  // Every message gets a key of its own, made of this one and its number.
  const std::size_t number_bytes = std::to_string(elements->size() - 1).size() + 1;
  if (idempotency_key.size() + number_bytes > limits::idempotency_key_bytes_max) {
    return bad("for a batch of " + std::to_string(elements->size()) +
               " messages the Idempotency-Key may have at most " +
               std::to_string(limits::idempotency_key_bytes_max - number_bytes) + " bytes");
  }
  PublishBody body{true, {}};
  for (std::size_t i = 0; i < elements->size(); ++i) {
    std::string key(idempotency_key);
    if (!key.empty()) key += "#" + std::to_string(i);
    body.messages.push_back(read_element((*elements)[i], std::move(key)));
  }
  return body;
}

}  // namespace

Result<PublishBody> parse_publish_body(std::string_view body, std::string_view idempotency_key) {
  const Status scanned = check_json(body, limits::json_depth_max + kEnvelopeDepth);
  if (!scanned) {
    return Error{ErrorCode::InvalidPayload, "the body: " + scanned.error().message, 0};
  }
  const auto members = json_members(body);
  if (!members.has_value()) return bad("the body must be a JSON object");
  const auto messages = std::find_if(members->begin(), members->end(),
                                     [](const JsonMember& one) { return one.name == "messages"; });
  if (messages == members->end()) {
    return PublishBody{false, {read_element(body, std::string(idempotency_key))}};
  }
  if (members->size() > 1) return bad("beside messages the body has no other field");
  return read_batch(messages->value, idempotency_key);
}

}  // namespace tidegate::app
