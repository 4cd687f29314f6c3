// RelayServer: N worker threads, each with its own uv loop, libwebsockets context, SO_REUSEPORT
// listener, RelayShard and port to the store; mailboxes between them. The only shell of the relay
// in production.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "edge/net/http.h"
#include "edge/relay/relay_shard.h"
#include "edge/store/store.h"

namespace tidegate::net {

struct NetCounters {
  std::uint64_t connections_open = 0;
  std::uint64_t http_requests = 0;
  std::uint64_t http_rejected = 0;  // refused before they reached a route
  std::uint64_t mailbox_messages = 0;
  std::uint64_t partial_writes = 0;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8480;  // 0: any free port
  unsigned workers = 0;       // 0: as many as there are cores
  std::uint64_t entropy = 0;  // from the operating system
  std::shared_ptr<const relay::RelayConfig> config;
  std::shared_ptr<store::Store> store;  // null: in memory
  /// Called on the worker's thread.
  std::function<Result<relay::ClaimsPtr>(std::string_view token, WallTime now)> verify_token;
  std::shared_ptr<const HttpApi> http_api;
  std::function<void(const relay::LogLine&)> log;  // thread-safe
  std::size_t http_body_bytes_max = limits::http_body_bytes_default;
  Duration http_header_deadline = limits::http_header_deadline_default;
  Duration http_body_deadline = limits::http_body_deadline_default;
  std::size_t connections_max = limits::connections_default;
};

/// What a running server takes anew, all of it at once. See RelayShard::reconfigure().
struct ServerUpdate {
  std::shared_ptr<const relay::RelayConfig> config;
  std::function<Result<relay::ClaimsPtr>(std::string_view token, WallTime now)> verify_token;
  std::shared_ptr<const HttpApi> http_api;
};

class RelayServer {
 public:
  /// Binds and starts; Unavailable with the reason (address in use …) when it cannot.
  static Result<std::unique_ptr<RelayServer>> start(ServerOptions options);
  virtual ~RelayServer() = default;

  virtual std::uint16_t port() const = 0;
  virtual unsigned worker_count() const = 0;
  /// Copies, one for each worker, at most one loop turn old. Thread-safe.
  virtual std::vector<relay::RelayCounters> relay_counters() const = 0;
  virtual std::vector<NetCounters> net_counters() const = 0;
  /// Nothing when the store is not a durable one. Thread-safe.
  virtual std::optional<store::StoreCounters> store_counters() const = 0;
  /// From each worker's next turn on. Nobody is disconnected.
  virtual void update(ServerUpdate update) = 0;
  /// Stops accepting, tells each connection when to come back, within `window_max` at the latest
  /// (drain_window.h), then ends the threads. Blocks until done.
  virtual void stop(Duration window_max) = 0;
};

}  // namespace tidegate::net
