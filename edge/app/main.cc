// The binary. It reads the command line and runs one command; the composition of each command
// stands in the file that is named after it.
#include <iostream>
#include <string>
#include <vector>

#include "edge/app/command_line.h"

int main(int argc, char** argv) {
  using namespace tidegate::app;
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const auto parsed = parse_command_line(std::move(arguments));
  if (const auto* end = std::get_if<CommandLineEnd>(&parsed)) {
    std::cout << end->out;
    std::cerr << end->err;
    return end->exit_code;
  }
  const Terminal terminal{std::cout, std::cerr};
  return std::visit([&](const auto& command) { return run_command(command, terminal); },
                    std::get<Command>(parsed));
}
