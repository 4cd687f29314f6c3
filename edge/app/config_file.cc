#include "edge/app/config_file.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "edge/app/did_you_mean.h"
#include "edge/auth/jwt_claims.h"

namespace tidegate::app {
namespace {

constexpr const char* kApiKeys = "api_key";
constexpr const char* kNamespaces = "namespace";

std::string type_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    default:
      return "a value of another type";
  }
}

SettingValue value_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* on = node.as_boolean()) return on->get();
  const auto* array = node.as_array();
  if (array == nullptr) return OtherValue{type_of(node)};
  std::vector<std::string> texts;
  for (const toml::node& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) return OtherValue{"a list in which something is not a text"};
    texts.push_back(text->get());
  }
  return texts;
}

using Place = toml::source_position;

std::string place_text(const std::string& file, const Place& place) {
  return file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

/// Walks the parsed file along the settings' paths and notes whatever does not fit.
class FileReader {
 public:
  explicit FileReader(const std::string& file) : file_(file) {}

  void read(const toml::table& root, Config& config);
  /// From the top of the file to its end: toml++ keeps the keys of a table sorted by name.
  std::vector<ConfigProblem> problems();

 private:
  struct Located {
    Place place;
    std::string message;
  };
  /// Where each key of a table was set, for problems that show only when the table is complete.
  using Places = std::map<std::string, Place>;

  void report(const Place& place, std::string message) {
    problems_.push_back({place, std::move(message)});
  }
  void report(const toml::source_region& source, std::string message) {
    report(source.begin, std::move(message));
  }

  void read_table(const toml::table& table, const std::vector<Setting>& settings,
                  const std::string& prefix, const std::string& title, Places& places);
  void report_unknown(const toml::key& key, const std::vector<Setting>& settings,
                      const std::string& prefix, const std::string& title);
  template <typename Read>
  void read_list(const toml::table& root, const char* name, Read read_one);
  void read_api_key(const toml::table& table, const std::string& title, Config& config);
  void read_namespace(const toml::table& table, const std::string& title, Config& config);
  void check_kind(const relay::Namespace& rules, const Places& places, const std::string& title);
  void read_secret(const Places& places, const std::string& title, const char* secret_key,
                   const char* file_key, const std::string& path, std::size_t bytes_min,
                   auth::Secret& secret);
  std::string beside_file(const std::string& path) const;

  const std::string& file_;
  std::vector<Located> problems_;
};

std::vector<ConfigProblem> FileReader::problems() {
  std::stable_sort(problems_.begin(), problems_.end(), [](const Located& a, const Located& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  std::vector<ConfigProblem> found;
  for (const Located& problem : problems_) {
    found.push_back({place_text(file_, problem.place), problem.message});
  }
  return found;
}

bool begins_with(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

void FileReader::read_table(const toml::table& table, const std::vector<Setting>& settings,
                            const std::string& prefix, const std::string& title, Places& places) {
  const bool root = prefix.empty() && title.empty();
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    if (root && (path == kApiKeys || path == kNamespaces)) continue;  // lists, read on their own
    const auto exact = std::find_if(settings.begin(), settings.end(),
                                    [&](const Setting& one) { return one.path == path; });
    const bool section = std::any_of(settings.begin(), settings.end(), [&](const Setting& one) {
      return begins_with(one.path, path + ".");
    });
    if (exact != settings.end()) {
      places[path] = node.source().begin;
      if (const auto refusal = assign(*exact, value_of(node))) {
        report(node.source(), title + path + ": " + *refusal);
      }
    } else if (section && node.is_table()) {
      read_table(*node.as_table(), settings, path + ".", title, places);
    } else if (section) {
      report(node.source(),
             title + path + ": found " + type_of(node) + "; allowed: a table with keys of its own");
    } else {
      report_unknown(key, settings, prefix, title);
    }
  }
}

void FileReader::report_unknown(const toml::key& key, const std::vector<Setting>& settings,
                                const std::string& prefix, const std::string& title) {
  std::vector<std::string> allowed;
  for (const Setting& setting : settings) {
    if (!begins_with(setting.path, prefix)) continue;
    const std::string rest = setting.path.substr(prefix.size());
    const std::string name = rest.substr(0, rest.find('.'));
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) allowed.push_back(name);
  }
  if (prefix.empty() && title.empty()) allowed.insert(allowed.end(), {kApiKeys, kNamespaces});
  std::string message = title + prefix + std::string(key.str()) + ": unknown key";
  const std::string meant = did_you_mean(key.str(), allowed);
  if (!meant.empty()) message += "; did you mean \"" + meant + "\"?";
  message += " Allowed here:";
  for (const std::string& name : allowed) message += " " + name;
  report(key.source(), std::move(message));
}

/// [[name]], or a list of inline tables.
template <typename Read>
void FileReader::read_list(const toml::table& root, const char* name, Read read_one) {
  const toml::node* node = root.get(name);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    report(node->source(), std::string(name) + ": found " + type_of(*node) +
                               "; allowed: one or more tables, each headed [[" + name + "]]");
    return;
  }
  std::size_t number = 0;
  for (const toml::node& element : *array) {
    const std::string title = std::string(name) + " " + std::to_string(++number) + ": ";
    if (const toml::table* table = element.as_table()) {
      read_one(*table, title);
    } else {
      report(element.source(), title + "found " + type_of(element) + "; allowed: a table");
    }
  }
}

std::string FileReader::beside_file(const std::string& path) const {
  return (std::filesystem::path(file_).parent_path() / path).string();
}

void FileReader::read_secret(const Places& places, const std::string& title, const char* secret_key,
                             const char* file_key, const std::string& path, std::size_t bytes_min,
                             auth::Secret& secret) {
  const auto file_place = places.find(file_key);
  if (file_place == places.end() || path.empty()) return;
  if (places.count(secret_key) > 0) {
    report(file_place->second,
           title + file_key + ": " + secret_key + " is set too; allowed: one of them");
    return;
  }
  if (const auto refusal = read_secret_file(beside_file(path), bytes_min, secret)) {
    report(file_place->second, title + file_key + ": " + *refusal);
  }
}

void FileReader::read_api_key(const toml::table& table, const std::string& title, Config& config) {
  ApiKeySettings key;
  Places places;
  const std::size_t problems_before = problems_.size();
  read_table(table, settings_of(key), "", title, places);
  read_secret(places, title, "secret", "secret_file", key.secret_file, limits::api_key_bytes_min,
              key.secret);
  for (const char* required : {"name", "channels"}) {
    if (places.count(required) == 0) report(table.source(), title + required + " is missing");
  }
  if (places.count("secret") + places.count("secret_file") == 0) {
    report(table.source(), title + "secret (or secret_file) is missing");
  }
  if (key.name.size() > limits::api_key_name_bytes_max) {
    report(table.source(), title + "name: found " + std::to_string(key.name.size()) +
                               " bytes; allowed: at most " +
                               std::to_string(limits::api_key_name_bytes_max));
  }
  if (!auth::is_tenant_name(key.tenant)) {
    report(table.source(), title + "tenant: allowed: letters, digits and _ . ~ -, at most " +
                               std::to_string(limits::tenant_bytes_max) + " bytes");
  }
  for (const ApiKeySettings& other : config.api_keys) {
    if (!key.name.empty() && other.name == key.name) {
      report(table.source(),
             title + "name: found \"" + key.name + "\" a second time; allowed: a name of its own");
    }
    if (!key.secret.empty() && other.secret.reveal() == key.secret.reveal()) {
      report(table.source(), title + "secret: the same as that of \"" + other.name +
                                 "\"; allowed: a secret of its own");
    }
  }
  if (problems_.size() == problems_before) config.api_keys.push_back(std::move(key));
}

/// Settings that mean nothing on a channel of that kind are mistakes.
void FileReader::check_kind(const relay::Namespace& rules, const Places& places,
                            const std::string& title) {
  const struct {
    const char* setting;
    std::vector<ChannelKind> kinds;
    const char* allowed;
  } settings[] = {
      {"history.count", {ChannelKind::Log, ChannelKind::State}, "log or state"},
      {"history.bytes", {ChannelKind::Log, ChannelKind::State}, "log or state"},
      {"history.age", {ChannelKind::Log, ChannelKind::State}, "log or state"},
      {"records.count", {ChannelKind::State}, "state"},
      {"records.bytes", {ChannelKind::State}, "state"},
      {"record_ttl", {ChannelKind::State}, "state"},
      {"signal_ttl", {ChannelKind::Signal}, "signal"},
      {"thin", {ChannelKind::Log, ChannelKind::Signal}, "log or signal"},
  };
  for (const auto& [setting, kinds, allowed] : settings) {
    const auto place = places.find(setting);
    if (place != places.end() && std::find(kinds.begin(), kinds.end(), rules.kind) == kinds.end()) {
      report(place->second,
             title + setting + ": means nothing here; allowed: with kind = " + allowed);
    }
  }
}

void FileReader::read_namespace(const toml::table& table, const std::string& title,
                                Config& config) {
  relay::Namespace rules;
  Places places;
  const std::size_t problems_before = problems_.size();
  read_table(table, settings_of(rules), "", title, places);
  if (places.count("channel") == 0) {
    report(table.source(), title + "channel is missing: the pattern of the channels it is for");
  }
  check_kind(rules, places, title);
  for (const relay::Namespace& other : config.relay.namespaces) {
    if (!rules.pattern.text().empty() && other.pattern.text() == rules.pattern.text()) {
      report(table.source(), title + "channel: found \"" + rules.pattern.text() +
                                 "\" a second time, and the first one decides");
    }
  }
  if (problems_.size() == problems_before) config.relay.namespaces.push_back(std::move(rules));
}

void FileReader::read(const toml::table& root, Config& config) {
  Places places;
  read_table(root, settings_of(config), "", "", places);
  read_secret(places, "", "auth.hs256_secret", "auth.hs256_secret_file",
              config.auth.hs256_secret_file, limits::hs256_secret_bytes_min,
              config.auth.hs256_secret);
  if (places.count("store.path") > 0) config.store.path = beside_file(config.store.path);
  read_list(root, kApiKeys, [&](const toml::table& table, const std::string& title) {
    read_api_key(table, title, config);
  });
  read_list(root, kNamespaces, [&](const toml::table& table, const std::string& title) {
    read_namespace(table, title, config);
  });
}

}  // namespace

void read_config_text(const std::string& text, const std::string& file, Config& config,
                      std::vector<ConfigProblem>& problems) {
  const toml::parse_result parsed = toml::parse(text, file);
  if (!parsed) {
    const auto& begin = parsed.error().source().begin;
    problems.push_back(
        {place_text(file, begin), "not TOML: " + std::string(parsed.error().description())});
    return;
  }
  FileReader reader(file);
  reader.read(parsed.table(), config);
  for (ConfigProblem& problem : reader.problems()) problems.push_back(std::move(problem));
}

std::optional<std::string> read_secret_file(const std::string& path, std::size_t bytes_min,
                                            auth::Secret& secret) {
  const auto text = read_text_file(path, limits::secret_bytes_max + 2);
  if (!text) return path + " " + text.error().message;
  std::string trimmed = *text;
  while (!trimmed.empty() && (trimmed.back() == '\n' || trimmed.back() == '\r')) trimmed.pop_back();
  const auto refusal = assign_text(Setting{"", SecretSetting{&secret, bytes_min}}, trimmed);
  return refusal.has_value() ? std::optional(path + ": " + *refusal) : std::nullopt;
}

}  // namespace tidegate::app
