// A configuration in words: what `tidegate check` prints. Secrets appear as fingerprints.
#pragma once

#include <string>
#include <vector>

#include "edge/app/config.h"

namespace tidegate::app {

std::string describe_config(const Config& config);

/// "a, b, c".
std::string listed(const std::vector<std::string>& names);

/// What is allowed and yet probably not meant: namespaces that are never reached, no key for
/// tokens, an open network without TLS.
std::vector<std::string> config_warnings(const Config& config);

}  // namespace tidegate::app
