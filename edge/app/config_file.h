// The TOML file: which tables and keys there are, and exactly where something is wrong.
#pragma once

#include <string>
#include <vector>

#include "edge/app/config_layers.h"

namespace tidegate::app {

/// Reads `text` over `config`. Every problem names `file`, line and column. Files that the text
/// refers to are found relative to `file`.
void read_config_text(const std::string& text, const std::string& file, Config& config,
                      std::vector<ConfigProblem>& problems);

/// Reads the secret that stands in a file of its own, without the end of its line; or says, with
/// the path, what is wrong.
std::optional<std::string> read_secret_file(const std::string& path, std::size_t bytes_min,
                                            auth::Secret& secret);

}  // namespace tidegate::app
