#include "edge/app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <sstream>

#include "edge/app/quantity.h"

namespace tidegate::app {
namespace {

/// The parser fills these in; which of them counts is known when it has ended.
struct Parsed {
  ServeCommand serve;
  CheckCommand check;
  TokenCommand token;
  PublishCommand publish;
  SubscribeCommand subscribe;
  std::string ttl;
  std::string timeout;
};

/// Adds an option whose text sets a setting, so that files, variables and options are read alike.
void add_setting(CLI::App& app, ServeCommand& serve, const std::string& option,
                 const std::string& path, const std::string& help) {
  app.add_option_function<std::string>(
      option,
      [&serve, option, path](const std::string& text) {
        serve.options.push_back({option, path, text});
      },
      help + " (" + path + ", " + variable_of(path) + ")");
}

CLI::Validator duration_check() {
  return CLI::Validator(
      [](const std::string& text) {
        return parse_duration(text).has_value()
                   ? std::string()
                   : "a duration such as 250ms, 30s or 24h is expected";
      },
      "DURATION");
}

void add_serve(CLI::App& root, Parsed& parsed) {
  ServeCommand& serve = parsed.serve;
  CLI::App& app = *root.add_subcommand("serve", "Run the relay");
  app.add_option("CONFIG", serve.config, "The configuration, a TOML file");
  CLI::Option* dev =
      app.add_flag("--dev", serve.dev,
                   "Development mode, on loopback only: open rules, a key and a token to use");
  app.add_option("--dev-secret", serve.dev_options.secret,
                 "The secret of development tokens, so that they outlive a restart")
      ->needs(dev);
  app.add_option("--dev-key", serve.dev_options.key, "The API key of development mode")->needs(dev);
  const auto setting = [&](const char* option, const char* path, const char* help) {
    add_setting(app, serve, option, path, help);
  };
  setting("--host", "server.host", "Address to listen on");
  setting("--port", "server.port", "Port to listen on; 0 takes a free one");
  setting("--workers", "server.workers", "Worker threads; 0 takes one for each core");
  setting("--connections-max", "server.connections_max", "Connections at most");
  setting("--drain", "server.drain_window",
          "At the end, clients are told to come back spread over this at most");
  setting("--store", "store.type", "Where history is kept: memory or sqlite");
  setting("--store-path", "store.path", "The file of the sqlite store");
  setting("--static", "dev.static_root", "Folder served under / (with --dev)");
  setting("--log-format", "log.format", "text or json");
  setting("--log-level", "log.level", "debug, info, warning or error");
  app.footer(
      "SIGTERM or SIGINT tells clients to come back later and ends with 0; a second one ends at "
      "once.\n"
      "Settings: options go over environment variables, those over the file, it over defaults.");
}

void add_check(CLI::App& root, Parsed& parsed) {
  CLI::App& app = *root.add_subcommand("check", "Explain a configuration, or say what is wrong");
  app.add_option("CONFIG", parsed.check.config, "The configuration, a TOML file")->required();
  app.footer("Ends with 0 when the configuration is valid, with 1 when it is not.");
}

void add_token(CLI::App& root, Parsed& parsed) {
  TokenCommand& token = parsed.token;
  CLI::App& app = *root.add_subcommand("token", "Make a token and print it");
  app.add_option("--config", token.config, "Take secret, issuer and audience from this file");
  app.add_option("--secret", token.secret,
                 "The HS256 secret (better in TIDEGATE_AUTH_HS256_SECRET: arguments can be seen)");
  app.add_option("--sub", token.subject, "The user it is for")->required();
  app.add_option("--tenant", token.tenant, "The tenant; without it the relay takes \"default\"");
  app.add_option("--jti", token.token_id, "An id of the token's own");
  app.add_option("--subscribe", token.subscribe, "Patterns of channels to subscribe to");
  app.add_option("--publish", token.publish, "Patterns of channels to publish on");
  app.add_option("--history", token.history, "Patterns of channels to read over HTTP");
  app.add_option("--ttl", parsed.ttl, "How long it is valid: 15m by default")
      ->check(duration_check());
}

void add_client_options(CLI::App& app, ClientOptionsOfCommand& client) {
  app.add_option("--url", client.url, "The relay")->envname("TIDEGATE_URL")->capture_default_str();
  app.add_option("--token", client.token, "The token")->envname("TIDEGATE_TOKEN");
  app.add_flag("--json", client.json, "One JSON object on each line");
}

void add_publish(CLI::App& root, Parsed& parsed) {
  PublishCommand& publish = parsed.publish;
  CLI::App& app = *root.add_subcommand("publish", "Publish once and print the position");
  add_client_options(app, publish.client);
  app.add_option("--channel", publish.channel, "The channel")->required();
  app.add_option("--event", publish.event, "The event's name");
  app.add_option("--event-id", publish.event_id, "The event's id, for deduplication");
  app.add_option("--idempotency-key", publish.idempotency_key,
                 "Makes it safe to run the same command again");
  app.add_option("--if-epoch", publish.if_epoch, "Refuse in any other epoch");
  app.add_option("--set", publish.set, "Set the record of this key (state channels)");
  app.add_option("--merge", publish.merge,
                 R"(Merge into the record of this key; data is {"set":{...},"unset":["name"]})");
  app.add_option("--delete", publish.erase, "Delete the record of this key; takes no data");
  app.add_option("--if-version", publish.if_version,
                 "Only if the record is of this version; 0: only if there is none");
  app.add_option("--data", publish.data, "One JSON value; without it, standard input is read");
  app.add_flag("--binary", publish.binary, "Data is bytes, not JSON");
  app.add_option("--timeout", parsed.timeout, "Give up after this: 10s by default")
      ->check(duration_check());
  app.footer("Ends with 0 when it was applied (or had been before), else with 1.");
}

void add_subscribe(CLI::App& root, Parsed& parsed) {
  SubscribeCommand& subscribe = parsed.subscribe;
  CLI::App& app = *root.add_subcommand("subscribe", "Print what is published, as it comes");
  add_client_options(app, subscribe.client);
  app.add_option("CHANNEL", subscribe.channels,
                 "One or more channels, or patterns such as orders:*")
      ->required();
  app.add_option("--history", subscribe.history, "Begin with so many of the latest");
  app.add_option("--since", subscribe.since, "Resume one channel from EPOCH:OFFSET");
  app.add_option("--filter", subscribe.filter,
                 "Only what this filter lets through (docs/FILTERS.md)");
  app.add_option("--count", subscribe.count, "End after so many publications");
  app.footer(
      "Publications go to standard output, changes of state to standard error.\n"
      "Ends with 0 after --count, with 1 when it cannot go on.");
}

CommandLineEnd end_of(CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = app.exit(error, out, err);
  return {code == 0 ? kExitOk : kExitUsage, out.str(), err.str()};
}

CommandLineEnd usage_error(const std::string& message) {
  return {kExitUsage, "", "tidegate: " + message + "\nRun with --help for more.\n"};
}

/// What the parser cannot say: how options depend on one another.
std::string contradiction(const CLI::App& root, const Parsed& parsed) {
  if (root.got_subcommand("serve")) {
    const auto& options = parsed.serve.options;
    const bool files = std::any_of(options.begin(), options.end(), [](const OptionValue& value) {
      return value.option == "--static";
    });
    if (files && !parsed.serve.dev) return "--static requires --dev";
    if (parsed.serve.config.empty() && !parsed.serve.dev) {
      return "serve: a CONFIG is required (or --dev, to try it without one)";
    }
  }
  if (!parsed.subscribe.since.empty() && parsed.subscribe.channels.size() != 1) {
    return "--since resumes one channel; give one";
  }
  return "";
}

Command command_of(const CLI::App& root, Parsed parsed) {
  if (root.got_subcommand("serve")) return std::move(parsed.serve);
  if (root.got_subcommand("check")) return std::move(parsed.check);
  if (root.got_subcommand("token")) {
    if (!parsed.ttl.empty()) parsed.token.ttl = *parse_duration(parsed.ttl);
    return std::move(parsed.token);
  }
  if (root.got_subcommand("publish")) {
    if (!parsed.timeout.empty()) parsed.publish.timeout = *parse_duration(parsed.timeout);
    return std::move(parsed.publish);
  }
  if (root.got_subcommand("subscribe")) return std::move(parsed.subscribe);
  return VersionCommand{};
}

}  // namespace

std::variant<Command, CommandLineEnd> parse_command_line(std::vector<std::string> arguments) {
  CLI::App app("Tidegate: live data that is right. A relay, and a client in the terminal.",
               "tidegate");
  Parsed parsed;
  app.require_subcommand(1);
  app.footer("Exit codes: 0 success, 1 failure, 2 wrong usage.");
  add_serve(app, parsed);
  add_check(app, parsed);
  add_token(app, parsed);
  add_publish(app, parsed);
  add_subscribe(app, parsed);
  app.add_subcommand("version", "Print version, protocol and compiler");
  std::reverse(arguments.begin(), arguments.end());  // as the library wants them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return end_of(app, error);
  }
  const std::string wrong = contradiction(app, parsed);
  if (!wrong.empty()) return usage_error(wrong);
  return command_of(app, std::move(parsed));
}

}  // namespace tidegate::app
