// The routes: /v1/publish, /v1/channels/NAME/…, /healthz, /metrics, and in development mode
// /v1/dev/token and static files. Immutable once it is made, since all workers use it at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "edge/app/publish_route.h"
#include "edge/app/read_route.h"
#include "edge/app/relay_status.h"
#include "edge/app/static_files.h"
#include "edge/net/http.h"

namespace tidegate::app {

/// What only development mode serves.
struct DevRoutes {
  std::function<Result<std::string>(WallTime now)> token;
  std::optional<StaticFiles> files;
};

class RelayHttpApi final : public net::HttpApi {
 public:
  RelayHttpApi(auth::ApiKeys keys, std::shared_ptr<const RelayStatus> status,
               std::optional<DevRoutes> dev)
      : publish_(keys), read_(std::move(keys)), status_(std::move(status)), dev_(std::move(dev)) {}

  bool wants_body(const net::HttpRequest& head) const override;
  void handle(net::WorkerAccess& worker, net::HttpRequest request,
              std::shared_ptr<net::HttpResponder> responder) const override;

 private:
  /// Everything that is answered at once.
  net::HttpResponse answer(const net::HttpRequest& request, WallTime now) const;
  net::HttpResponse answer_health() const;
  net::HttpResponse answer_dev(const net::HttpRequest& request, WallTime now) const;

  PublishRoute publish_;
  ReadRoute read_;
  std::shared_ptr<const RelayStatus> status_;
  std::optional<DevRoutes> dev_;
};

}  // namespace tidegate::app
