#include "edge/relay/channel_directory.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/json_scan.h"
#include "core/base/json_slice.h"
#include "edge/relay/publish_record.h"

namespace tidegate::relay {
namespace {

constexpr char kProducer[] = "relay:directory";
constexpr std::size_t kFilterDepth = 2;

// The grammars of names and epochs leave nothing that JSON would have to escape.
std::string beginning_of(const Epoch& epoch) { return R"({"epoch":")" + epoch.token() + '"'; }

std::string payload_of(const ChannelName& channel, const StreamPosition& position) {
  std::string text = beginning_of(position.epoch);
  text += R"(,"offset":")" + std::to_string(position.offset.value) + R"(","segments":[")";
  for (const char byte : channel.view()) {
    if (byte == ':') {
      text += R"(",")";
    } else {
      text += byte;
    }
  }
  return text + "\"]}";
}

Error no_pattern() {
  return Error{ErrorCode::BadRequest,
               R"(a subscribe to $channels has a filter such as {"pattern": "orders:*"})", 0};
}

std::optional<std::string> pattern_in(std::string_view text) {
  if (!check_json(text, kFilterDepth).ok()) {
    return std::nullopt;
  }
  text = json_trimmed(text);
  if (json_kind(text) != JsonKind::Object) {
    return std::nullopt;
  }
  JsonObjectCursor members(text);
  std::string_view name;
  std::string_view value;
  const bool is_pattern = members.next(name, value) && json_same_text(name, "pattern") &&
                          json_kind(value) == JsonKind::String;
  if (!is_pattern) {
    return std::nullopt;
  }
  std::string pattern = json_unescaped(value.substr(1, value.size() - 2));
  return members.next(name, value) ? std::nullopt : std::optional(std::move(pattern));
}

}  // namespace

ChannelKeyPtr directory_of(const std::string& tenant) {
  return std::make_shared<const ChannelKey>(ChannelKey{tenant, ChannelName::directory()});
}

LogRecordPtr listing_record(WallTime now, const ChannelName& channel,
                            const StreamPosition& position, Offset known,
                            const RecordLimits& record_limits) {
  PublicationDraft draft;
  draft.operation = Operation::Set;
  draft.key = channel.str();
  draft.if_version = known;
  const std::string payload = payload_of(channel, position);
  draft.payload.assign(payload.begin(), payload.end());
  return make_record(now, kProducer, std::move(draft), record_limits);
}

LogRecordPtr unlisting_record(WallTime now, const ChannelName& channel) {
  PublicationDraft draft;
  draft.operation = Operation::Delete;
  draft.key = channel.str();
  return make_record(now, kProducer, std::move(draft));
}

bool lists_epoch(const CurrentRecord& record, const Epoch& epoch) {
  const std::string beginning = beginning_of(epoch);
  return record.payload.compare(0, beginning.size(), beginning) == 0;
}

Result<std::string> directory_filter(std::string_view text, const Claims& claims,
                                     const RelayConfig& config) {
  const std::optional<std::string> asked = pattern_in(text);
  if (!asked.has_value()) {
    return no_pattern();
  }
  Result<ChannelPattern> pattern = ChannelPattern::parse(*asked);
  if (!pattern.ok()) {
    return pattern.error();
  }
  if (!allows_all(claims.capabilities, Action::Subscribe, *pattern)) {
    return Error{ErrorCode::Forbidden,
                 "the token does not allow subscribing to all of " + *asked +
                     ": one pattern of its capabilities has to cover it",
                 0};
  }
  const bool may_be_listed = std::any_of(
      config.namespaces.begin(), config.namespaces.end(), [&](const Namespace& candidate) {
        return candidate.listed && candidate.pattern.intersection(*pattern).has_value();
      });
  if (!may_be_listed) {
    return Error{ErrorCode::Unsupported,
                 "no channels that match " + *asked +
                     " are listed: their [[namespace]] needs `listed = true`",
                 0};
  }
  return pattern->directory_filter();
}

}  // namespace tidegate::relay
