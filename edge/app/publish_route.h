// POST /v1/publish: how servers publish, in any language. Who may is said by the API key, what by
// the body; the relay's logic does the rest and its answer, message by message, becomes the
// response.
#pragma once

#include "edge/auth/api_key.h"
#include "edge/net/http.h"

namespace tidegate::app {

class PublishRoute {
 public:
  explicit PublishRoute(auth::ApiKeys keys) : keys_(std::move(keys)) {}

  /// Whose key is not known is refused whatever the body says.
  bool wants_body(const net::HttpRequest& head) const {
    return keys_.authenticate(head.authorization).ok();
  }
  void handle(net::WorkerAccess& worker, const net::HttpRequest& request,
              std::shared_ptr<net::HttpResponder> responder) const;

 private:
  auth::ApiKeys keys_;
};

}  // namespace tidegate::app
