#include "edge/app/config_layers.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "edge/app/config_file.h"
#include "edge/app/did_you_mean.h"

namespace tidegate::app {
namespace {

constexpr std::string_view kVariablePrefix = "TIDEGATE_";

/// Sets what one layer says. The secret and the file that it is read from are one thing: whichever
/// a later layer names replaces what was there, and one layer names one of them.
class Layer {
 public:
  Layer(Config& config, std::vector<ConfigProblem>& problems)
      : config_(config), problems_(problems), settings_(settings_of(config)) {}

  void set(const std::string& where, const std::string& path, const std::string& text) {
    for (const Setting& setting : settings_) {
      if (setting.path != path) continue;
      if (auto refusal = assign_text(setting, text)) {
        problems_.push_back({where, path + ": " + *refusal});
        return;
      }
      note(path, where);
    }
  }

  void finish() {
    if (file_where_.empty()) return;
    if (!secret_where_.empty()) {
      problems_.push_back({file_where_, "auth.hs256_secret_file: auth.hs256_secret is set too (" +
                                            secret_where_ + "); allowed: one of them"});
      return;
    }
    AuthSettings& auth = config_.auth;
    if (const auto refusal = read_secret_file(auth.hs256_secret_file,
                                              limits::hs256_secret_bytes_min, auth.hs256_secret)) {
      problems_.push_back({file_where_, "auth.hs256_secret_file: " + *refusal});
    }
  }

 private:
  void note(const std::string& path, const std::string& where) {
    if (path == "auth.hs256_secret_file") file_where_ = where;
    if (path == "auth.hs256_secret") secret_where_ = where;
  }

  Config& config_;
  std::vector<ConfigProblem>& problems_;
  std::vector<Setting> settings_;
  std::string secret_where_;
  std::string file_where_;
};

/// A variable that begins like a section's and names no setting is a mistake; any other variable
/// may be somebody else's (TIDEGATE_TOKEN, TIDEGATE_URL …).
void report_unknown(const std::string& name, const std::vector<Setting>& settings,
                    std::vector<ConfigProblem>& problems) {
  std::set<std::string> sections;
  std::vector<std::string> names;
  for (const Setting& setting : settings) {
    sections.insert(variable_of(setting.path.substr(0, setting.path.find('.') + 1)));
    names.push_back(variable_of(setting.path));
  }
  const bool ours = std::any_of(sections.begin(), sections.end(), [&](const std::string& section) {
    return name.compare(0, section.size(), section) == 0;
  });
  if (!ours || std::find(names.begin(), names.end(), name) != names.end()) return;
  const std::string meant = did_you_mean(name, names);
  problems.push_back(
      {"environment " + name,
       "names no setting" + (meant.empty() ? std::string() : "; did you mean " + meant + "?")});
}

void apply_environment(const ConfigSources& sources, LoadedConfig& loaded) {
  Layer layer(loaded.config, loaded.problems);
  const std::vector<Setting> settings = settings_of(loaded.config);
  for (const auto& [name, text] : sources.environment) {
    for (const Setting& setting : settings) {
      if (variable_of(setting.path) == name) {
        layer.set("environment " + name, setting.path, text);
      }
    }
    report_unknown(name, settings, loaded.problems);
  }
  layer.finish();
}

void apply_options(const ConfigSources& sources, LoadedConfig& loaded) {
  Layer layer(loaded.config, loaded.problems);
  for (const OptionValue& value : sources.options) {
    layer.set("option " + value.option, value.path, value.text);
  }
  layer.finish();
}

}  // namespace

LoadedConfig load_config(const ConfigSources& sources) {
  LoadedConfig loaded;
  if (!sources.file.empty()) {
    const auto text = read_text_file(sources.file, limits::config_file_bytes_max);
    if (text) {
      read_config_text(*text, sources.file, loaded.config, loaded.problems);
    } else {
      loaded.problems.push_back({sources.file, text.error().message});
    }
  }
  apply_environment(sources, loaded);
  apply_options(sources, loaded);
  return loaded;
}

std::string variable_of(const std::string& path) {
  std::string name(kVariablePrefix);
  for (const char c : path) {
    name.push_back(c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
  }
  return name;
}

std::vector<std::pair<std::string, std::string>> tidegate_environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view entry = *at;
    const std::size_t equals = entry.find('=');
    if (equals != std::string_view::npos &&
        entry.substr(0, kVariablePrefix.size()) == kVariablePrefix) {
      variables.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return variables;
}

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(bytes_max + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    const std::string why = errno != 0 ? std::strerror(errno) : "it is not a file";
    return Error{ErrorCode::BadRequest, "cannot be read: " + why, 0};
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > bytes_max) {
    return Error{ErrorCode::BadRequest, "has more than " + std::to_string(bytes_max) + " bytes", 0};
  }
  return text;
}

}  // namespace tidegate::app
