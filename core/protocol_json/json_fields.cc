#include "core/protocol_json/json_fields.h"

#include <algorithm>

#include "core/base/json_slice.h"

namespace tidegate::json {
namespace {

constexpr std::size_t kShownNameBytes = 64;  // of a name that a stranger chose

/// A member's name as a JSON Pointer has it, and not longer than it has to be.
std::string as_pointer_token(std::string_view name) {
  std::size_t end = std::min(name.size(), kShownNameBytes);
  while (end > 0 && end < name.size() && (name[end] & 0xC0) == 0x80) --end;
  std::string token;
  for (const char c : name.substr(0, end)) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

}  // namespace

void Fault::note(std::string_view pointer, std::string_view what) {
  if (any()) return;
  text_ = std::string(frame_name_) + ": " + std::string(pointer) + " " + std::string(what);
}

Error Fault::error() const { return Error{ErrorCode::MalformedFrame, text_, 0}; }

std::string_view find_member(std::string_view object, std::string_view name) {
  JsonObjectCursor members(object);
  for (std::string_view raw_name, value; members.next(raw_name, value);) {
    if (json_same_text(raw_name, name)) return value;
  }
  return {};
}

std::optional<std::string> string_of(std::string_view value) {
  if (value.size() < 2 || json_kind(value) != JsonKind::String) return std::nullopt;
  return json_unescaped(value.substr(1, value.size() - 2));
}

Fields::Fields(std::string_view object, std::string pointer,
               std::initializer_list<std::string_view> known, Fault& fault)
    : pointer_(std::move(pointer)), fault_(fault) {
  members_.reserve(known.size());
  for (const std::string_view name : known) members_.push_back(Member{name});
  if (json_kind(object) != JsonKind::Object) {
    this->fault({}, "must be an object");
    return;
  }
  JsonObjectCursor cursor(object);
  for (std::string_view name, value; !fault_.any() && cursor.next(name, value);) read(name, value);
}

void Fields::read(std::string_view raw_name, std::string_view value) {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
    return json_same_text(raw_name, member.name);
  });
  if (found == members_.end()) {
    fault_.note(pointer_ + "/" + as_pointer_token(json_unescaped(raw_name)),
                "is not a field that is known here");
  } else if (std::exchange(found->seen, true)) {
    fault(found->name, "stands twice");
  } else if (value != "null" || found->name == "data") {
    found->value = value;
  }
}

const Fields::Member* Fields::find(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.name == name; });
  TIDEGATE_CHECK(found != members_.end());
  return &*found;
}

std::string_view Fields::value(std::string_view name) const { return find(name)->value; }

void Fields::require(std::string_view name) {
  if (!has(name)) fault(name, "is missing");
}

std::string Fields::pointer_to(std::string_view name) const {
  return name.empty() ? pointer_ : pointer_ + "/" + std::string(name);
}

void Fields::fault(std::string_view name, std::string_view what) {
  const std::string pointer = pointer_to(name);
  fault_.note(pointer.empty() ? "it" : pointer, what);
}

std::string Fields::text(std::string_view name) {
  if (!has(name)) return {};
  std::optional<std::string> text = string_of(value(name));
  if (!text.has_value()) fault(name, "must be a string");
  return std::move(text).value_or(std::string());
}

std::string Fields::required_text(std::string_view name) {
  require(name);
  return text(name);
}

std::string Fields::text(std::string_view name, std::size_t bytes_max) {
  std::string found = text(name);
  if (found.size() <= bytes_max) return found;
  fault(name, "has more than " + std::to_string(bytes_max) + " bytes");
  return {};
}

std::uint64_t Fields::number_up_to(std::string_view name, std::uint64_t max,
                                   std::uint64_t otherwise) {
  if (!has(name)) return otherwise;
  const std::optional<std::uint64_t> number = json_whole_number(value(name));
  if (number.has_value() && *number <= max) return *number;
  fault(name, "must be a whole number from 0 to " + std::to_string(max) + ", in digits");
  return otherwise;
}

std::uint64_t Fields::wide(std::string_view name) {
  if (!has(name)) return 0;
  const std::optional<std::string> text = string_of(value(name));
  const auto number = json_whole_number(text.has_value() ? std::string_view(*text) : value(name));
  if (!number.has_value()) {
    fault(name, "must be a whole number of 64 bits, as a string or in digits");
  }
  return number.value_or(0);
}

std::uint64_t Fields::required_wide(std::string_view name) {
  require(name);
  return wide(name);
}

bool Fields::truth(std::string_view name) {
  const std::string_view found = value(name);
  if (!found.empty() && found != "true" && found != "false") fault(name, "must be true or false");
  return found == "true";
}

std::size_t Fields::index_of(std::string_view name, const std::string_view* names,
                             std::size_t count, std::size_t otherwise) {
  if (!has(name)) return otherwise;
  const std::optional<std::string> text = string_of(value(name));
  for (std::size_t index = 0; index < count && text.has_value(); ++index) {
    if (names[index] == *text) return index;
  }
  std::string list;
  for (std::size_t index = 0; index < count; ++index) {
    list += (index == 0 ? "" : ", ") + std::string(names[index]);
  }
  fault(name, "must be one of " + list);
  return otherwise;
}

RequestId Fields::request() {
  require("request");
  return optional_request();
}

RequestId Fields::optional_request() {
  const auto id = number<std::uint32_t>("request");
  if (id == 0 && has("request")) fault("request", "must not be 0");
  return RequestId{id};
}

StreamId Fields::stream() {
  const auto id = required_number<std::uint32_t>("stream");
  if (id == 0) fault("stream", "must not be 0");
  return StreamId{id};
}

ChannelName Fields::channel() {
  const auto channel = ChannelName::parse(required_text("channel"));
  if (channel.ok()) return *channel;
  fault("channel", "is wrong: " + channel.error().message);
  return {};
}

Epoch Fields::epoch() {
  const auto epoch = Epoch::parse(required_text("epoch"));
  if (epoch.ok()) return *epoch;
  fault("epoch", "is wrong: " + epoch.error().message);
  return {};
}

Fields Fields::object(std::string_view name, std::initializer_list<std::string_view> known) {
  return Fields(value(name), pointer_to(name), known, fault_);
}

}  // namespace tidegate::json
