// What the routes ask about the relay they are routes of. It exists before the server does, because
// the server is started with the routes; so the server is put in when it runs and taken out when it
// stops.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "edge/app/config_reload.h"
#include "edge/app/metrics.h"

namespace tidegate::app {

class RelayStatus {
 public:
  explicit RelayStatus(std::shared_ptr<const ReloadCounters> reloads)
      : reloads_(std::move(reloads)) {}

  void set_server(const net::RelayServer* server) { server_.store(server); }
  void set_draining() { draining_.store(true); }

  bool draining() const { return draining_.load(); }
  /// Thread-safe. The server outlives its workers, so whoever asks from one finds it alive.
  MetricsSample sample() const {
    const net::RelayServer* server = server_.load();
    MetricsSample sample;
    sample.draining = draining();
    sample.reloads_applied = reloads_->applied;
    sample.reloads_refused = reloads_->refused;
    if (server == nullptr) return sample;
    sample.relay = server->relay_counters();
    sample.net = server->net_counters();
    sample.store = server->store_counters();
    return sample;
  }

 private:
  std::shared_ptr<const ReloadCounters> reloads_;
  std::atomic<const net::RelayServer*> server_ = nullptr;
  std::atomic<bool> draining_ = false;
};

}  // namespace tidegate::app
