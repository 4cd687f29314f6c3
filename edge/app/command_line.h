// Reads the command line. Nothing is done here: a command comes out, or what to print and end with.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "edge/app/command.h"

namespace tidegate::app {

/// `--help`, or a usage error.
struct CommandLineEnd {
  int exit_code = kExitOk;
  std::string out;
  std::string err;
};

/// `arguments` without the program's name.
std::variant<Command, CommandLineEnd> parse_command_line(std::vector<std::string> arguments);

}  // namespace tidegate::app
