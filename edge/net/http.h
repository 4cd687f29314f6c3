// HTTP as the application part of the relay sees it: a request in, a response out, perhaps later.
// No type of libwebsockets passes this line.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/relay/relay_shard.h"

namespace tidegate::net {

struct HttpRequest {
  std::string method;              // "GET", "POST", "OPTIONS"
  std::string path;                // without query
  std::vector<std::string> query;  // "name=value", each decoded
  std::string host;                // header Host
  std::string authorization;       // header, may be empty
  std::string content_type;
  std::string idempotency_key;  // header Idempotency-Key
  std::string origin;
  std::string peer_address;
  std::string body;
};

struct HttpResponse {
  std::uint16_t status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// Answers one request, once, on the worker's thread; the connection may be gone by then (ignored).
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;
  virtual void respond(HttpResponse response) = 0;
};

/// What a request may ask of the worker it arrived on. Used on that worker's thread only.
class WorkerAccess {
 public:
  virtual ~WorkerAccess() = default;
  virtual Now now() const = 0;
  using PublishDone = std::function<void(std::vector<Result<relay::PublishReceipt>>)>;
  /// Publishes a batch through the worker's shard; `done` gets one result for each, in order.
  virtual void publish(std::vector<relay::PublishRequest> requests, PublishDone done) = 0;
  using ReadDone = std::function<void(relay::ReadResult)>;
  /// Reads a channel through the worker's shard.
  virtual void read(relay::ReadRequest request, ReadDone done) = 0;
  /// Who a client's token speaks for.
  virtual Result<relay::ClaimsPtr> verify_token(std::string_view token) = 0;
};

/// The routes. One instance serves all workers at once, so it is immutable or synchronizes itself.
class HttpApi {
 public:
  virtual ~HttpApi() = default;
  /// Asked when a request's head has come: whether its body is of use, and its sender somebody who
  /// may send one. If not, the body is dropped as it comes, and the request handled without it.
  virtual bool wants_body(const HttpRequest& head) const = 0;
  virtual void handle(WorkerAccess& worker, HttpRequest request,
                      std::shared_ptr<HttpResponder> responder) const = 0;
};

}  // namespace tidegate::net
