// `tidegate serve`: puts configuration, keys, routes and server together, runs until it is told to
// stop, and reads the configuration anew when it is told to (SIGHUP).
#include <ostream>

#include "edge/app/command.h"
#include "edge/app/config_reload.h"
#include "edge/app/config_words.h"
#include "edge/app/log.h"
#include "edge/app/relay_http_api.h"
#include "edge/app/serve_signals.h"
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

Result<std::optional<DevRoutes>> dev_routes_of(bool dev, const Config& config,
                                               const auth::JwtKey& key) {
  if (!dev) return std::optional<DevRoutes>();
  DevRoutes routes;
  routes.token = [key, auth = config.auth](WallTime now) { return dev_token(key, auth, now); };
  if (!config.dev.static_root.empty()) {
    auto files = StaticFiles::open(config.dev.static_root);
    if (!files) return files.error();
    routes.files = std::move(files).value();
  }
  return std::optional<DevRoutes>(std::move(routes));
}

/// Rules, keys and routes: all that a server takes from the configuration more than once.
Result<net::ServerUpdate> server_update(bool dev, const Config& config,
                                        const std::shared_ptr<const RelayStatus>& status) {
  const auto key = auth::JwtKey::hs256(config.auth.hs256_secret);
  if (!key) return Error{key.error().code, "auth.hs256_secret: " + key.error().message, 0};
  auto routes = dev_routes_of(dev, config, *key);
  if (!routes) return routes.error();
  net::ServerUpdate update;
  update.config = std::make_shared<relay::RelayConfig>(config.relay);
  const auth::JwtVerifier verifier({*key}, {config.auth.issuer, config.auth.audience});
  update.verify_token = [verifier](std::string_view token, WallTime now) {
    return verifier.verify(token, now);
  };
  update.http_api =
      std::make_shared<RelayHttpApi>(api_keys_of(config), status, std::move(routes).value());
  return update;
}

net::ServerOptions server_options(const Config& config, net::ServerUpdate first,
                                  const std::shared_ptr<Log>& log) {
  net::ServerOptions options;
  options.host = config.server.host;
  options.port = static_cast<std::uint16_t>(config.server.port);
  options.workers = static_cast<unsigned>(config.server.workers);
  options.entropy = net::entropy64();
  options.config = std::move(first.config);
  options.verify_token = std::move(first.verify_token);
  options.http_api = std::move(first.http_api);
  options.log = [log](const relay::LogLine& line) { log->write(line); };
  options.http_body_bytes_max = config.server.http_body_bytes_max;
  options.connections_max = config.server.connections_max;
  return options;
}

class ServerPart final : public ReloadPart {
 public:
  ServerPart(net::RelayServer& server, bool dev, std::shared_ptr<const RelayStatus> status)
      : server_(server), dev_(dev), status_(std::move(status)) {}

  Result<std::function<void()>> prepare(const Config& config) override {
    auto update = server_update(dev_, config, status_);
    if (!update) return update.error();
    return std::function<void()>(
        [this, ready = std::move(update).value()] { server_.update(ready); });
  }

 private:
  net::RelayServer& server_;
  const bool dev_;
  std::shared_ptr<const RelayStatus> status_;
};

class StorePart final : public ReloadPart {
 public:
  explicit StorePart(std::shared_ptr<store::Store> store) : store_(std::move(store)) {}

  Result<std::function<void()>> prepare(const Config& config) override {
    return std::function<void()>(
        [this, rules = store_rules(config.relay)] { store_->reconfigure(rules); });
  }

 private:
  std::shared_ptr<store::Store> store_;
};

class LogPart final : public ReloadPart {
 public:
  explicit LogPart(std::shared_ptr<Log> log) : log_(std::move(log)) {}

  Result<std::function<void()>> prepare(const Config& config) override {
    return std::function<void()>([this, level = config.log.level] { log_->set_level(level); });
  }

 private:
  std::shared_ptr<Log> log_;
};

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

/// A configuration, and what development mode has made of it.
struct Begun {
  Config config;
  std::optional<DevMode> dev;
};

LoadedConfig load(const ServeCommand& command, std::optional<DevMode>& dev) {
  LoadedConfig loaded = load_config({command.config, tidegate_environment(), command.options});
  loaded.config.relay.label = relay_label();
  if (loaded.problems.empty() && command.dev) {
    auto entered = enter_dev_mode(command.dev_options, loaded.config);
    if (entered) {
      dev = std::move(entered).value();
    } else {
      loaded.problems.push_back({"--dev", entered.error().message});
    }
  }
  return loaded;
}

/// The same again, with the keys that development mode has made.
ConfigReload::Load loader_of(ServeCommand command, const std::optional<DevMode>& dev) {
  if (dev.has_value()) command.dev_options = {dev->secret.reveal(), dev->key.reveal()};
  return [command = std::move(command)] {
    std::optional<DevMode> again;
    return load(command, again);
  };
}

/// Until SIGTERM or SIGINT: its number.
int serve(ServeSignals& signals, ConfigReload& reload) {
  int signal = signals.wait();
  for (; signal == SIGHUP; signal = signals.wait()) reload.reload();
  return signal;
}

void announce(const Terminal& terminal, const Begun& begun, const net::RelayServer& server,
              Log& log) {
  const Config& config = begun.config;
  const std::string authority = authority_of(config, server.port());
  if (begun.dev.has_value()) {
    const auto key = auth::JwtKey::hs256(config.auth.hs256_secret);
    const auto token = key ? dev_token(*key, config.auth, net::real_now().wall) : key.error();
    announce_dev(terminal, *begun.dev, authority, token ? *token : "",
                 !config.dev.static_root.empty());
  }
  terminal.out << "tidegate listens on http://" << authority << std::endl;
  log.write(relay::LogLevel::Info, version_line() + " listens on " + authority + " with " +
                                       std::to_string(server.worker_count()) + " workers");
  log.write(relay::LogLevel::Info, "the store is " + describe_store(config.store));
}

int run_until_stopped(const ServeCommand& command, Begun begun, ServeSignals& signals,
                      const Terminal& terminal) {
  const Config& config = begun.config;
  const auto log = std::make_shared<Log>(config.log);
  const auto reloads = std::make_shared<ReloadCounters>();
  const auto status = std::make_shared<RelayStatus>(reloads);
  auto update = server_update(command.dev, config, status);
  if (!update) return fail(terminal, update.error().message);
  if (const auto problem = store_problem(config.store)) return fail(terminal, *problem);
  net::ServerOptions options = server_options(config, std::move(update).value(), log);
  auto store = open_store(config, net::entropy64(), options.log);
  if (!store) return fail(terminal, store.error().message);
  options.store = store.value();
  auto started = net::RelayServer::start(std::move(options));
  if (!started) return fail(terminal, started.error().message);
  const std::unique_ptr<net::RelayServer> server = std::move(started).value();
  status->set_server(server.get());
  announce(terminal, begun, *server, *log);
  std::vector<std::unique_ptr<ReloadPart>> parts;
  parts.push_back(std::make_unique<ServerPart>(*server, command.dev, status));
  parts.push_back(std::make_unique<LogPart>(log));
  if (store.value() != nullptr) parts.push_back(std::make_unique<StorePart>(store.value()));
  ConfigReload reload(config, loader_of(command, begun.dev), std::move(parts), *log, reloads);
  const int signal = serve(signals, reload);
  status->set_draining();
  log->write(relay::LogLevel::Info, "signal " + std::to_string(signal) + ": sending clients away");
  server->stop(reload.running().server.drain_window);
  status->set_server(nullptr);
  log->write(relay::LogLevel::Info, "stopped");
  return kExitOk;
}

}  // namespace

int run_command(const ServeCommand& command, const Terminal& terminal) {
  ServeSignals signals;
  std::optional<DevMode> dev;
  LoadedConfig loaded = load(command, dev);
  for (const ConfigProblem& problem : loaded.problems) terminal.err << problem.text() << "\n";
  if (!loaded.problems.empty()) return kExitFailure;
  if (!command.dev) {
    for (const std::string& warning : config_warnings(loaded.config)) {
      terminal.err << "tidegate: warning: " << warning << "\n";
    }
  }
  return run_until_stopped(command, Begun{std::move(loaded.config), std::move(dev)}, signals,
                           terminal);
}

}  // namespace tidegate::app
