// `tidegate serve`: puts configuration, keys, routes and server together, runs until it is told to
// stop.
#include <ostream>

#include "edge/app/command.h"
#include "edge/app/config_words.h"
#include "edge/app/log.h"
#include "edge/app/relay_http_api.h"
#include "edge/app/stop_signals.h"
#include "edge/app/store_choice.h"
#include "edge/app/version.h"
#include "edge/auth/jwt_verifier.h"
#include "edge/net/clock.h"
#include "edge/net/relay_server.h"

namespace tidegate::app {
namespace {

/// What is wrong with what was asked for; the terminal gets one line for each.
int fail(const Terminal& terminal, const std::string& message) {
  terminal.err << "tidegate: " << message << "\n";
  return kExitFailure;
}

auth::ApiKeys api_keys_of(const Config& config) {
  std::vector<auth::ApiKey> keys;
  for (const ApiKeySettings& key : config.api_keys) {
    keys.push_back(auth::ApiKey::make(key.name, key.secret, key.tenant, key.channels));
  }
  return auth::ApiKeys(std::move(keys));
}

Result<std::optional<DevRoutes>> dev_routes_of(const ServeCommand& command, const Config& config,
                                               const auth::JwtKey& key) {
  if (!command.dev) return std::optional<DevRoutes>();
  DevRoutes routes;
  routes.token = [key, auth = config.auth](WallTime now) { return dev_token(key, auth, now); };
  if (!config.dev.static_root.empty()) {
    auto files = StaticFiles::open(config.dev.static_root);
    if (!files) return files.error();
    routes.files = std::move(files).value();
  }
  return std::optional<DevRoutes>(std::move(routes));
}

net::ServerOptions server_options(const Config& config, const auth::JwtKey& key,
                                  std::shared_ptr<Log> log) {
  net::ServerOptions options;
  options.host = config.server.host;
  options.port = static_cast<std::uint16_t>(config.server.port);
  options.workers = static_cast<unsigned>(config.server.workers);
  options.entropy = net::entropy64();
  options.config = std::make_shared<relay::RelayConfig>(config.relay);
  const auth::JwtVerifier verifier({key}, {config.auth.issuer, config.auth.audience});
  options.verify_token = [verifier](std::string_view token, WallTime now) {
    return verifier.verify(token, now);
  };
  options.log = [log = std::move(log)](const relay::LogLine& line) { log->write(line); };
  options.http_body_bytes_max = config.server.http_body_bytes_max;
  options.connections_max = config.server.connections_max;
  return options;
}

std::string authority_of(const Config& config, std::uint16_t port) {
  const std::string& host = config.server.host;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

/// Development mode says loudly that it is one, and what to do with it.
void announce_dev(const Terminal& terminal, const DevMode& dev, const std::string& authority,
                  const std::string& token, bool files) {
  const std::string line(78, '=');
  terminal.out << line
               << "\n  DEVELOPMENT MODE: anybody on this machine may read and publish everything."
               << "\n  Never use it where others can connect.\n"
               << line << "\n";
  for (const std::string& note : dev.notes) terminal.out << "  " << note << "\n";
  terminal.out << "\n  API key  " << dev.key.reveal() << "\n  secret   " << dev.secret.masked()
               << "\n  token    " << token << "\n           (a fresh one: GET http://" << authority
               << "/v1/dev/token)\n\n  publish:\n    curl http://" << authority
               << "/v1/publish -H 'Authorization: Bearer " << dev.key.reveal()
               << "' \\\n      -d '{\"channel\":\"airport:SFO:departures\","
               << "\"event\":\"flight.departed\",\"data\":{\"destination\":\"JFK\"}}'\n"
               << "  subscribe:\n    TIDEGATE_TOKEN=$(curl -s http://" << authority
               << "/v1/dev/token) tidegate subscribe --url ws://" << authority
               << " airport:SFO:departures --history 10\n";
  if (files) terminal.out << "  page:\n    http://" << authority << "/\n";
  terminal.out << "\n";
}

int run_until_stopped(const ServeCommand& command, const Config& config,
                      const std::optional<DevMode>& dev, const Terminal& terminal) {
  const auto key = auth::JwtKey::hs256(config.auth.hs256_secret);
  if (!key) return fail(terminal, "auth.hs256_secret: " + key.error().message);
  auto routes = dev_routes_of(command, config, *key);
  if (!routes) return fail(terminal, routes.error().message);
  StopSignals signals;
  const auto log = std::make_shared<Log>(config.log);
  const auto status = std::make_shared<RelayStatus>();
  if (const auto problem = store_problem(config.store)) return fail(terminal, *problem);
  net::ServerOptions options = server_options(config, *key, log);
  auto store = open_store(config, net::entropy64(), options.log);
  if (!store) return fail(terminal, store.error().message);
  options.store = std::move(store).value();
  options.http_api =
      std::make_shared<RelayHttpApi>(api_keys_of(config), status, std::move(routes).value());
  auto started = net::RelayServer::start(std::move(options));
  if (!started) return fail(terminal, started.error().message);
  const std::unique_ptr<net::RelayServer> server = std::move(started).value();
  status->set_server(server.get());
  const std::string authority = authority_of(config, server->port());
  if (dev.has_value()) {
    const auto token = dev_token(*key, config.auth, net::real_now().wall);
    announce_dev(terminal, *dev, authority, token ? *token : "", !config.dev.static_root.empty());
  }
  terminal.out << "tidegate listens on http://" << authority << std::endl;
  log->write(relay::LogLevel::Info, version_line() + " listens on " + authority + " with " +
                                        std::to_string(server->worker_count()) + " workers");
  log->write(relay::LogLevel::Info, "the store is " + describe_store(config.store));
  const int signal = signals.wait();
  status->set_draining();
  log->write(relay::LogLevel::Info, "signal " + std::to_string(signal) + ": sending clients away");
  server->stop(config.server.drain_window);
  status->set_server(nullptr);
  log->write(relay::LogLevel::Info, "stopped");
  return kExitOk;
}

}  // namespace

int run_command(const ServeCommand& command, const Terminal& terminal) {
  LoadedConfig loaded = load_config({command.config, tidegate_environment(), command.options});
  for (const ConfigProblem& problem : loaded.problems) terminal.err << problem.text() << "\n";
  if (!loaded.problems.empty()) return kExitFailure;
  Config& config = loaded.config;
  config.relay.label = relay_label();
  std::optional<DevMode> dev;
  if (command.dev) {
    auto entered = enter_dev_mode(command.dev_options, config);
    if (!entered) return fail(terminal, entered.error().message);
    dev = std::move(entered).value();
  } else {
    for (const std::string& warning : config_warnings(config)) {
      terminal.err << "tidegate: warning: " << warning << "\n";
    }
  }
  return run_until_stopped(command, config, dev, terminal);
}

}  // namespace tidegate::app
