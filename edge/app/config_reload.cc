#include "edge/app/config_reload.h"

#include <algorithm>
#include <utility>

#include "edge/app/config_words.h"

namespace tidegate::app {
namespace {

class Keeper {
 public:
  template <typename Value>
  void keep(const char* path, const Value& running, Value& next) {
    if (running != next) {
      paths.push_back(path);
      next = running;
    }
  }

  std::vector<std::string> paths;
};

}  // namespace

std::vector<std::string> keep_until_restart(const Config& running, Config& next) {
  Keeper keeper;
  // The sockets, the threads and the file are there already.
  keeper.keep("server.host", running.server.host, next.server.host);
  keeper.keep("server.port", running.server.port, next.server.port);
  keeper.keep("server.workers", running.server.workers, next.server.workers);
  keeper.keep("server.connections_max", running.server.connections_max,
              next.server.connections_max);
  keeper.keep("server.http_body_bytes_max", running.server.http_body_bytes_max,
              next.server.http_body_bytes_max);
  keeper.keep("store.type", running.store.type, next.store.type);
  keeper.keep("store.path", running.store.path, next.store.path);
  keeper.keep("log.format", running.log.format, next.log.format);
  keeper.keep("dev.static_root", running.dev.static_root, next.dev.static_root);
  // Clients were told of these when they connected, and act by them.
  keeper.keep("limits.heartbeat_interval", running.relay.heartbeat_interval,
              next.relay.heartbeat_interval);
  keeper.keep("limits.heartbeat_timeout", running.relay.heartbeat_timeout,
              next.relay.heartbeat_timeout);
  keeper.keep("limits.client_message_bytes_max", running.relay.client_message_bytes_max,
              next.relay.client_message_bytes_max);
  return keeper.paths;
}

ConfigReload::ConfigReload(Config running, Load load,
                           std::vector<std::unique_ptr<ReloadPart>> parts, Log& log,
                           std::shared_ptr<ReloadCounters> counters)
    : running_(std::move(running)),
      load_(std::move(load)),
      parts_(std::move(parts)),
      log_(log),
      counters_(std::move(counters)),
      earlier_{running_.relay} {}

void ConfigReload::reload() {
  LoadedConfig loaded = load_();
  for (const ConfigProblem& problem : loaded.problems) {
    log_.write(relay::LogLevel::Error, problem.text());
  }
  if (!loaded.problems.empty()) {
    refuse("the configuration has errors");
    return;
  }
  if (check_kinds(loaded.config) && apply(std::move(loaded.config))) {
    ++counters_->applied;
    log_.write(relay::LogLevel::Info, "the configuration was read anew and is in force");
  }
}

bool ConfigReload::check_kinds(const Config& next) {
  for (const relay::RelayConfig& earlier : earlier_) {
    const std::vector<std::string> changes = relay::kind_changes(earlier, next.relay);
    if (!changes.empty()) {
      refuse("a channel keeps its kind until the relay is restarted: " + changes.front());
      return false;
    }
  }
  return true;
}

bool ConfigReload::apply(Config next) {
  const std::vector<std::string> kept = keep_until_restart(running_, next);
  std::vector<std::function<void()>> prepared;
  for (const std::unique_ptr<ReloadPart>& part : parts_) {
    auto ready = part->prepare(next);
    if (!ready) {
      refuse(ready.error().message);
      return false;
    }
    prepared.push_back(std::move(ready).value());
  }
  for (const auto& put_into_force : prepared) put_into_force();
  for (const std::string& warning : config_warnings(next)) {
    log_.write(relay::LogLevel::Warning, warning);
  }
  if (!kept.empty()) {
    log_.write(relay::LogLevel::Warning, "restart the relay to change " + listed(kept) +
                                             ": until then they stay as they are");
  }
  running_ = std::move(next);
  remember_kinds();
  return true;
}

/// Only what says something new: a relay may be told to reload every minute of its life.
void ConfigReload::remember_kinds() {
  const auto says_the_same = [this](const relay::RelayConfig& earlier) {
    const auto& known = earlier.namespaces;
    const auto& now = running_.relay.namespaces;
    return std::equal(known.begin(), known.end(), now.begin(), now.end(),
                      [](const relay::Namespace& one, const relay::Namespace& other) {
                        return one.pattern.text() == other.pattern.text() && one.kind == other.kind;
                      });
  };
  if (std::none_of(earlier_.begin(), earlier_.end(), says_the_same)) {
    earlier_.push_back(running_.relay);
  }
}

void ConfigReload::refuse(const std::string& why) {
  ++counters_->refused;
  log_.write(relay::LogLevel::Error, "the configuration stays as it was: " + why);
}

}  // namespace tidegate::app
