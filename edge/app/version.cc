#include "edge/app/version.h"

#include "core/protocol/wire_format.h"

namespace tidegate::app {

std::string compiler_name() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string version_line() {
  return "tidegate " TIDEGATE_VERSION " (protocol tidegate.v" +
         std::to_string(wire::kProtocolVersion) + ", " + compiler_name() + ")";
}

std::string relay_label() { return "tidegate/" TIDEGATE_VERSION; }

}  // namespace tidegate::app
