// Where a configuration comes from: defaults, then a TOML file, then the environment, then flags,
// each over the one before. Everything that is wrong is reported at once, each with its place.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "edge/app/config.h"

namespace tidegate::app {

/// One thing that is wrong, and where: "relay.toml:12:8", "environment TIDEGATE_SERVER_PORT".
struct ConfigProblem {
  std::string where;
  std::string message;
  std::string text() const { return where + ": " + message; }
};

/// An option of the command line that sets a setting.
struct OptionValue {
  std::string option;  // "--port"
  std::string path;    // "server.port"
  std::string text;
};

struct ConfigSources {
  std::string file;  // empty: none
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<OptionValue> options;
};

/// `config` may be used when there are no problems.
struct LoadedConfig {
  Config config;
  std::vector<ConfigProblem> problems;
};

LoadedConfig load_config(const ConfigSources& sources);

/// TIDEGATE_SERVER_PORT for server.port.
std::string variable_of(const std::string& path);

/// This process's variables, those that begin with TIDEGATE_.
std::vector<std::pair<std::string, std::string>> tidegate_environment();

/// A file's text; BadRequest, naming the file and why, when it cannot be read or is too large.
Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max);

}  // namespace tidegate::app
