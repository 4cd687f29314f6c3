// A setting: one value of the configuration, where it is kept and what it may be. The same
// description serves the file, the environment and the flags, so that all three accept and refuse
// alike and say the same about it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/access/channel_pattern.h"
#include "core/base/time.h"
#include "edge/auth/secret.h"

namespace tidegate::app {

struct TextSetting {
  std::string* target;
};
struct SecretSetting {
  auth::Secret* target;
  std::size_t bytes_min;
};
struct CountSetting {
  std::size_t* target;
  std::size_t min;
  std::size_t max;
};
struct SizeSetting {
  std::size_t* target;
  std::size_t min;
  std::size_t max;
};
struct DurationSetting {
  Duration* target;
  Duration min;
  Duration max;
};
struct SwitchSetting {
  bool* target;
};
/// One of a few words.
struct ChoiceSetting {
  std::vector<std::string> allowed;
  std::function<void(std::size_t index)> choose;  // into `allowed`
};
struct PatternSetting {
  ChannelPattern* target;
};
struct PatternsSetting {
  std::vector<ChannelPattern>* target;
};
/// Names of members of a JSON object.
struct NamesSetting {
  std::vector<std::string>* target;
  std::size_t count_max;
};

struct Setting {
  std::string path;  // "limits.heartbeat_interval"
  std::variant<TextSetting, SecretSetting, CountSetting, SizeSetting, DurationSetting,
               SwitchSetting, ChoiceSetting, PatternSetting, PatternsSetting, NamesSetting>
      kind;
};

/// A value as the file has it. Flags and variables are text, whatever the setting's kind.
struct OtherValue {
  std::string type;  // "a table", "a date or time" …
};
using SettingValue =
    std::variant<std::string, std::int64_t, bool, std::vector<std::string>, OtherValue>;

/// Assigns it, or says what was found and what is allowed. Secrets are never repeated.
std::optional<std::string> assign(const Setting& setting, const SettingValue& value);
/// The same for a flag or a variable.
std::optional<std::string> assign_text(const Setting& setting, const std::string& text);

}  // namespace tidegate::app
