// A native client: core/client/ClientSession with a socket, a clock and entropy around it, on a uv
// loop of its own. `tidegate subscribe` and `tidegate publish` are this; tests use it as a real
// client.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/client/client_session.h"

namespace tidegate::net {

struct ClientConnectionOptions {
  std::string url;  // ws://host:port (path /v1/connect is added when there is none)
  std::string token;
  ClientOptions session;  // session_id and seed are filled in from entropy when empty
};

class ClientConnection {
 public:
  /// BadRequest when the url is not one.
  static Result<std::unique_ptr<ClientConnection>> create(ClientConnectionOptions options);
  virtual ~ClientConnection() = default;

  virtual ClientSession& session() = 0;
  virtual Now now() const = 0;
  /// Runs until stop() is called from `on_event`. Rows of RowsDelivered may be read inside it.
  virtual void run(std::function<void(const Event&)> on_event) = 0;
  /// Call after commands given to session() from outside `on_event`, on the same thread.
  virtual void pump() = 0;
  virtual void stop() = 0;
};

}  // namespace tidegate::net
