// The commands of the binary, as values: what the command line asks for, before anything is done.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/limits.h"
#include "edge/app/config_layers.h"
#include "edge/app/dev_mode.h"

namespace tidegate::app {

/// What the process ends with.
enum ExitCode : int { kExitOk = 0, kExitFailure = 1, kExitUsage = 2 };

struct ServeCommand {
  std::string config;  // empty: development mode without a file
  bool dev = false;
  DevOptions dev_options;
  std::vector<OptionValue> options;
};
struct CheckCommand {
  std::string config;
};
struct TokenCommand {
  std::string config;
  std::string secret;  // empty: the configuration's
  std::string subject;
  std::string tenant;
  std::string token_id;
  std::vector<std::string> subscribe;
  std::vector<std::string> publish;
  std::vector<std::string> history;
  Duration ttl = limits::token_ttl_default;
};
/// Where a client command connects to, and as whom.
struct ClientOptionsOfCommand {
  std::string url = "ws://127.0.0.1:8480";
  std::string token;
  bool json = false;
};
struct PublishCommand {
  ClientOptionsOfCommand client;
  std::string channel;
  std::string event;
  std::string event_id;
  std::string idempotency_key;
  std::string if_epoch;
  std::string set;  // the record's key, as those of the two below; at most one of them
  std::string merge;
  std::string erase;
  std::optional<std::uint64_t> if_version;
  std::optional<std::string> data;  // nullopt: from standard input
  bool binary = false;
  Duration timeout = std::chrono::seconds{10};
};
struct SubscribeCommand {
  ClientOptionsOfCommand client;
  std::vector<std::string> channels;
  std::uint32_t history = 0;
  std::string since;
  std::string filter;       // "EPOCH:OFFSET", with one channel
  std::uint64_t count = 0;  // ends after so many publications; 0: never
};
struct VersionCommand {};

using Command = std::variant<ServeCommand, CheckCommand, TokenCommand, PublishCommand,
                             SubscribeCommand, VersionCommand>;

/// Standard output and standard error, or what a test puts in their place.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
};

int run_command(const ServeCommand& command, const Terminal& terminal);
int run_command(const CheckCommand& command, const Terminal& terminal);
int run_command(const TokenCommand& command, const Terminal& terminal);
int run_command(const PublishCommand& command, const Terminal& terminal);
int run_command(const SubscribeCommand& command, const Terminal& terminal);
int run_command(const VersionCommand& command, const Terminal& terminal);

}  // namespace tidegate::app
