#include "edge/app/setting.h"

#include "core/base/limits.h"
#include "edge/app/did_you_mean.h"
#include "edge/app/quantity.h"

namespace tidegate::app {
namespace {

using Refusal = std::optional<std::string>;

/// A value as it is quoted in a message: cut when long, and without control characters.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShownBytesMax = 60;
  std::string shown = "\"";
  for (const char c : text.substr(0, kShownBytesMax)) {
    shown.push_back(static_cast<unsigned char>(c) < 0x20 ? '?' : c);
  }
  return shown + (text.size() > kShownBytesMax ? "…\"" : "\"");
}

std::string shown(const SettingValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* on = std::get_if<bool>(&value)) return *on ? "true" : "false";
  if (const auto* other = std::get_if<OtherValue>(&value)) return other->type;
  return "a list";
}

std::string refusal(const SettingValue& found, const std::string& allowed) {
  return "found " + shown(found) + "; allowed: " + allowed;
}

const std::string* text_in(const SettingValue& value) { return std::get_if<std::string>(&value); }

Refusal assign_to(const TextSetting& setting, const SettingValue& value) {
  const std::string* text = text_in(value);
  if (text == nullptr || text->empty() || text->size() > limits::config_text_bytes_max) {
    return refusal(value, "a text that is not empty");
  }
  *setting.target = *text;
  return std::nullopt;
}

Refusal assign_to(const SecretSetting& setting, const SettingValue& value) {
  const std::string* text = text_in(value);
  const std::string allowed = "a text of " + std::to_string(setting.bytes_min) + " to " +
                              std::to_string(limits::secret_bytes_max) +
                              " bytes (make one with `openssl rand -base64 48`)";
  if (text == nullptr) return refusal(OtherValue{"a value that is not a text"}, allowed);
  if (text->size() < setting.bytes_min || text->size() > limits::secret_bytes_max) {
    return "found a secret of " + std::to_string(text->size()) + " bytes; allowed: " + allowed;
  }
  *setting.target = auth::Secret(*text);
  return std::nullopt;
}

Refusal assign_to(const CountSetting& setting, const SettingValue& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr || *number < 0 || static_cast<std::uint64_t>(*number) < setting.min ||
      static_cast<std::uint64_t>(*number) > setting.max) {
    return refusal(value, "a whole number from " + std::to_string(setting.min) + " to " +
                              std::to_string(setting.max));
  }
  *setting.target = static_cast<std::size_t>(*number);
  return std::nullopt;
}

Refusal assign_to(const SizeSetting& setting, const SettingValue& value) {
  const std::string* text = text_in(value);
  const auto size = text == nullptr ? std::nullopt : parse_size(*text);
  if (!size.has_value() || *size < setting.min || *size > setting.max) {
    return refusal(value, "a size such as \"64KB\" or \"16MB\", from " + format_size(setting.min) +
                              " to " + format_size(setting.max));
  }
  *setting.target = *size;
  return std::nullopt;
}

Refusal assign_to(const DurationSetting& setting, const SettingValue& value) {
  const std::string* text = text_in(value);
  const auto duration = text == nullptr ? std::nullopt : parse_duration(*text);
  if (!duration.has_value() || *duration < setting.min || *duration > setting.max) {
    return refusal(value, "a duration such as \"250ms\", \"30s\" or \"24h\", from " +
                              format_duration(setting.min) + " to " + format_duration(setting.max));
  }
  *setting.target = *duration;
  return std::nullopt;
}

Refusal assign_to(const SwitchSetting& setting, const SettingValue& value) {
  const auto* on = std::get_if<bool>(&value);
  if (on == nullptr) return refusal(value, "true or false");
  *setting.target = *on;
  return std::nullopt;
}

std::string listed(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "\"" : ", \"") + word + "\"";
  return list;
}

Refusal assign_to(const ChoiceSetting& setting, const SettingValue& value) {
  const std::string* text = text_in(value);
  for (std::size_t i = 0; text != nullptr && i < setting.allowed.size(); ++i) {
    if (*text == setting.allowed[i]) {
      setting.choose(i);
      return std::nullopt;
    }
  }
  std::string message = refusal(value, listed(setting.allowed));
  const std::string meant = text == nullptr ? "" : did_you_mean(*text, setting.allowed);
  return meant.empty() ? message : message + "; did you mean \"" + meant + "\"?";
}

constexpr const char* kPatternForm =
    "a channel pattern such as \"airport:{code}:departures\", \"chat:*\" or \"**\"";

Refusal assign_to(const PatternSetting& setting, const SettingValue& value) {
  const std::string* text = text_in(value);
  if (text == nullptr) return refusal(value, kPatternForm);
  auto pattern = ChannelPattern::parse(*text);
  if (!pattern) return refusal(value, kPatternForm) + " (" + pattern.error().message + ")";
  *setting.target = std::move(pattern).value();
  return std::nullopt;
}

Refusal assign_to(const PatternsSetting& setting, const SettingValue& value) {
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  if (texts == nullptr || texts->empty()) {
    return refusal(value, "a list of channel patterns such as [\"airport:*:departures\"]");
  }
  std::vector<ChannelPattern> patterns;
  for (const std::string& text : *texts) {
    ChannelPattern pattern;
    if (auto refused = assign_to(PatternSetting{&pattern}, text)) return refused;
    patterns.push_back(std::move(pattern));
  }
  *setting.target = std::move(patterns);
  return std::nullopt;
}

Refusal assign_to(const NamesSetting& setting, const SettingValue& value) {
  const std::string allowed = "a list of 1 to " + std::to_string(setting.count_max) +
                              " names such as [\"id\", \"operation\"]";
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  if (texts == nullptr || texts->empty() || texts->size() > setting.count_max) {
    return refusal(value, allowed);
  }
  for (const std::string& text : *texts) {
    if (text.empty() || text.size() > limits::config_text_bytes_max) return refusal(text, allowed);
  }
  *setting.target = *texts;
  return std::nullopt;
}

}  // namespace

Refusal assign(const Setting& setting, const SettingValue& value) {
  return std::visit([&](const auto& kind) { return assign_to(kind, value); }, setting.kind);
}

Refusal assign_text(const Setting& setting, const std::string& text) {
  if (std::holds_alternative<CountSetting>(setting.kind)) {
    constexpr auto kNumberMax = static_cast<std::size_t>(INT64_MAX);
    const auto number = parse_count(text);
    if (number.has_value() && *number <= kNumberMax) {
      return assign(setting, static_cast<std::int64_t>(*number));
    }
  }
  if (std::holds_alternative<SwitchSetting>(setting.kind) && (text == "true" || text == "false")) {
    return assign(setting, text == "true");
  }
  return assign(setting, text);
}

}  // namespace tidegate::app
