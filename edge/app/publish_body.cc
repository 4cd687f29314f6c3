#include "edge/app/publish_body.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/base64.h"
#include "core/base/json_scan.h"
#include "core/base/json_slice.h"
#include "core/base/limits.h"
#include "core/merge/shallow_merge.h"
#include "edge/app/did_you_mean.h"
#include "edge/app/json_slices.h"
#include "edge/app/log.h"

namespace tidegate::app {
namespace {

/// {"messages":[{"data":…}]} puts three levels around a payload.
constexpr std::size_t kEnvelopeDepth = 3;

Error bad(std::string message) { return Error{ErrorCode::BadRequest, std::move(message), 0}; }

/// The fields of a message, as unknown ones are told.
const std::vector<std::string>& known_fields() {
  static const std::vector<std::string> names = {
      "channel",   "event", "eventId",   "key",      "ifEpoch",       "data", "dataBase64",
      "operation", "unset", "ifVersion", "ifAbsent", "sourceVersion", "tags"};
  return names;
}

constexpr std::size_t kNameBytesShown = 60;

std::string unknown_field(const std::string& name) {
  const std::string meant = did_you_mean(name, known_fields());
  std::string message =
      "a message has an unknown field, " + json_quoted(name.substr(0, kNameBytesShown));
  if (!meant.empty()) message += "; did you mean \"" + meant + "\"?";
  if (name == "idempotencyKey") message += "; it is a header, Idempotency-Key";
  message += ". Known are";
  for (const std::string& known : known_fields()) message += " " + known;
  return message;
}

/// A whole number of 64 bits: as a number, or, for languages whose numbers have less, a string.
std::optional<std::uint64_t> whole_number(std::string_view value) {
  const auto text = json_string(value);
  return json_whole_number(text.has_value() ? std::string_view(*text) : value);
}

/// Reads the members of one message into a draft, each at most once.
class MessageReader {
 public:
  Status read(const JsonMember& member);
  Result<PublishMessage> finish() &&;

 private:
  Status read_known(const JsonMember& member);
  Status read_text(const JsonMember& member, std::string& target);
  Status read_channel(std::string_view value);
  Status read_operation(std::string_view value);
  Status read_if_epoch(std::string_view value);
  Status read_if_version(std::string_view value);
  Status read_if_absent(std::string_view value);
  Status read_source_version(std::string_view value);
  Status read_data(std::string_view value);
  Status read_binary(std::string_view value);
  Status begin_payload();
  Status finish_merge();

  PublishMessage message_;
  std::vector<std::string> seen_;
  std::string unset_;  // the list as it stands; empty when there is none
  bool has_payload_ = false;
};

Status MessageReader::read(const JsonMember& member) {
  const auto& known = known_fields();
  if (std::find(known.begin(), known.end(), member.name) == known.end()) {
    return bad(unknown_field(member.name));
  }
  if (std::find(seen_.begin(), seen_.end(), member.name) != seen_.end()) {
    return bad("a message has the field " + member.name + " twice");
  }
  seen_.push_back(member.name);
  return read_known(member);
}

Status MessageReader::read_known(const JsonMember& member) {
  PublicationDraft& draft = message_.draft;
  const std::string& name = member.name;
  if (name == "channel") return read_channel(member.value);
  if (name == "event") return read_text(member, draft.event);
  if (name == "eventId") return read_text(member, draft.event_id);
  if (name == "key") return read_text(member, draft.key);
  if (name == "operation") return read_operation(member.value);
  if (name == "ifEpoch") return read_if_epoch(member.value);
  if (name == "ifVersion") return read_if_version(member.value);
  if (name == "ifAbsent") return read_if_absent(member.value);
  if (name == "sourceVersion") return read_source_version(member.value);
  if (name == "dataBase64") return read_binary(member.value);
  if (name == "data") return read_data(member.value);
  (name == "tags" ? draft.tags : unset_) = member.value;
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

Status MessageReader::read_operation(std::string_view value) {
  constexpr std::array<std::string_view, 4> kNames = {"append", "set", "merge", "delete"};
  const auto text = json_string(value);
  const auto found = std::find(kNames.begin(), kNames.end(), text.value_or(""));
  if (found == kNames.end()) return bad("operation must be append, set, merge or delete");
  message_.draft.operation = static_cast<Operation>(found - kNames.begin());
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

Status MessageReader::read_if_version(std::string_view value) {
  const auto number = whole_number(value);
  if (!number.has_value()) return bad("ifVersion must be a record's version, as it was given");
  if (message_.draft.if_version) return bad("a message has either ifVersion or ifAbsent, not both");
  message_.draft.if_version = Offset{*number};
  return ok_status();
}

Status MessageReader::read_if_absent(std::string_view value) {
  if (value != "true" && value != "false") return bad("ifAbsent must be true or false");
  if (value == "false") return ok_status();
  if (message_.draft.if_version) return bad("a message has either ifVersion or ifAbsent, not both");
  message_.draft.if_version = Offset{0};
  return ok_status();
}

Status MessageReader::read_source_version(std::string_view value) {
  const auto members = json_members(value);
  SourceVersion version;
  bool has_number = false;
  for (const JsonMember& member : members.value_or(std::vector<JsonMember>())) {
    const auto epoch = json_string(member.value);
    const auto number = whole_number(member.value);
    if (member.name == "epoch" && epoch.has_value()) {
      version.epoch = *epoch;
    } else if (member.name == "number" && number.has_value()) {
      version.number = *number;
      has_number = true;
    } else {
      has_number = false;
      break;
    }
  }
  if (!has_number) return bad(R"(sourceVersion must be {"number":7} or {"epoch":"e","number":7})");
  message_.draft.source_version = std::move(version);
  return ok_status();
}

Status MessageReader::read_data(std::string_view value) {
  const Status begun = begin_payload();
  if (!begun) return begun;
  const ByteView bytes = as_bytes(value);
  message_.draft.payload.assign(bytes.begin(), bytes.end());
  return ok_status();
}

Status MessageReader::read_binary(std::string_view value) {
  const Status begun = begin_payload();
  if (!begun) return begun;
  const auto text = json_string(value);
  auto bytes = text.has_value() ? decode_base64(*text, Base64::Standard) : std::nullopt;
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

/// The fields to replace are the message's data; on the wire they stand beside those to unset.
Status MessageReader::finish_merge() {
  if (message_.draft.payload_kind == PayloadKind::Binary) return bad("a merge has data, not bytes");
  const std::string fields = has_payload_ ? std::string(as_text(message_.draft.payload)) : "{}";
  const std::string payload =
      "{\"set\":" + fields + (unset_.empty() ? "" : ",\"unset\":" + unset_) + "}";
  if (Status status = check_merge(payload); !status) return status;
  message_.draft.payload.assign(payload.begin(), payload.end());
  return ok_status();
}

Result<PublishMessage> MessageReader::finish() && {
  if (message_.channel.empty()) return bad("channel is missing");
  const Operation operation = message_.draft.operation;
  if (operation == Operation::Merge) {
    if (Status status = finish_merge(); !status) return status.error();
    return std::move(message_);
  }
  if (!unset_.empty()) return bad("unset belongs to the operation merge");
  if (!has_payload_ && operation != Operation::Delete) {
    return bad("data is missing (or dataBase64, for bytes)");
  }
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
