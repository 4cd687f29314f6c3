// GET /v1/channels/NAME/history and /snapshot: what a channel holds, for backends and for people
// who look into it. An API key reads the channels that its patterns match, a client's token those
// that it allows `history` on.
#pragma once

#include "edge/auth/api_key.h"
#include "edge/net/http.h"

namespace tidegate::app {

class ReadRoute {
 public:
  explicit ReadRoute(auth::ApiKeys keys) : keys_(std::move(keys)) {}

  static bool matches(std::string_view path);
  /// For a path that matches.
  void handle(net::WorkerAccess& worker, const net::HttpRequest& request,
              std::shared_ptr<net::HttpResponder> responder) const;

 private:
  Result<relay::ReadRequest> authorized(net::WorkerAccess& worker, const net::HttpRequest& request,
                                        ChannelName channel) const;

  auth::ApiKeys keys_;
};

}  // namespace tidegate::app
