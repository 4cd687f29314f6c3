// What `tidegate version` says, and what the relay calls itself on the wire and in logs.
#pragma once

#include <string>

namespace tidegate::app {

/// "tidegate 0.1.0 (protocol tidegate.v1, g++ 12.2.0)"
std::string version_line();
/// "tidegate/0.1.0"
std::string relay_label();
std::string compiler_name();

}  // namespace tidegate::app
