// What the routes ask about the relay they are routes of. It exists before the server does, because
// the server is started with the routes; so the server is put in when it runs and taken out when it
// stops.
#pragma once

#include <atomic>

#include "edge/app/metrics.h"

namespace tidegate::app {

class RelayStatus {
 public:
  void set_server(const net::RelayServer* server) { server_.store(server); }
  void set_draining() { draining_.store(true); }

  bool draining() const { return draining_.load(); }
  /// Thread-safe. The server outlives its workers, so whoever asks from one finds it alive.
  MetricsSample sample() const {
    const net::RelayServer* server = server_.load();
    if (server == nullptr) return {{}, {}, draining()};
    return {server->relay_counters(), server->net_counters(), draining(), server->store_counters()};
  }

 private:
  std::atomic<const net::RelayServer*> server_ = nullptr;
  std::atomic<bool> draining_ = false;
};

}  // namespace tidegate::app
