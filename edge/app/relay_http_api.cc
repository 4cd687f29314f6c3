#include "edge/app/relay_http_api.h"

#include "edge/app/dev_mode.h"
#include "edge/app/http_answers.h"

namespace tidegate::app {
namespace {

constexpr std::string_view kPublishPath = "/v1/publish";
constexpr std::string_view kDevTokenPath = "/v1/dev/token";
constexpr std::string_view kHealthPath = "/healthz";
constexpr std::string_view kMetricsPath = "/metrics";

net::HttpResponse not_found() {
  return error_answer(Error{ErrorCode::NotFound, "there is nothing at this path", 0});
}

net::HttpResponse wrong_method(std::string allowed) {
  net::HttpResponse response =
      error_answer(405, Error{ErrorCode::Unsupported, "this path takes " + allowed + " only", 0});
  response.headers.emplace_back("allow", std::move(allowed));
  return response;
}

bool publishes(const net::HttpRequest& request) {
  return request.path == kPublishPath && request.method == "POST";
}

bool reads(const net::HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

/// What lets pages of other loopback origins (a bundler's server, say) call this relay.
void allow_origin(const std::string& origin, net::HttpResponse& response) {
  response.headers.emplace_back("access-control-allow-origin", origin);
  response.headers.emplace_back("vary", "origin");
}

net::HttpResponse preflight() {
  net::HttpResponse response;
  response.status = 204;
  response.headers = {
      {"access-control-allow-methods", "GET, POST"},
      {"access-control-allow-headers", "authorization, content-type, idempotency-key"},
      {"access-control-max-age", "600"}};
  return response;
}

/// Adds the CORS headers to whatever the response will be.
class CorsResponder final : public net::HttpResponder {
 public:
  CorsResponder(std::string origin, std::shared_ptr<net::HttpResponder> next)
      : origin_(std::move(origin)), next_(std::move(next)) {}
  void respond(net::HttpResponse response) override {
    allow_origin(origin_, response);
    next_->respond(std::move(response));
  }

 private:
  std::string origin_;
  std::shared_ptr<net::HttpResponder> next_;
};

}  // namespace

bool RelayHttpApi::wants_body(const net::HttpRequest& head) const {
  return publishes(head) && publish_.wants_body(head);
}

void RelayHttpApi::handle(net::WorkerAccess& worker, net::HttpRequest request,
                          std::shared_ptr<net::HttpResponder> responder) const {
  if (dev_.has_value() && is_loopback_origin(request.origin)) {
    responder = std::make_shared<CorsResponder>(request.origin, std::move(responder));
    if (request.method == "OPTIONS") return responder->respond(preflight());
  }
  if (publishes(request)) {
    return publish_.handle(worker, request, std::move(responder));
  }
  if (ReadRoute::matches(request.path) && reads(request)) {
    return read_.handle(worker, request, std::move(responder));
  }
  responder->respond(answer(request, worker.now().wall));
}

net::HttpResponse RelayHttpApi::answer(const net::HttpRequest& request, WallTime now) const {
  if (request.path == kPublishPath) return wrong_method("POST");
  if (ReadRoute::matches(request.path)) return wrong_method("GET");
  if (request.path == kHealthPath) return reads(request) ? answer_health() : wrong_method("GET");
  if (request.path == kMetricsPath) {
    if (!reads(request)) return wrong_method("GET");
    return text_answer(metrics_text(status_->sample()), "text/plain; version=0.0.4; charset=utf-8");
  }
  return dev_.has_value() ? answer_dev(request, now) : not_found();
}

net::HttpResponse RelayHttpApi::answer_health() const {
  if (!status_->draining()) return json_answer(R"({"status":"ok"})");
  return error_answer(Error{ErrorCode::Unavailable, "the relay is draining: use another one", 0});
}

net::HttpResponse RelayHttpApi::answer_dev(const net::HttpRequest& request, WallTime now) const {
  if (!reads(request)) return request.path == kDevTokenPath ? wrong_method("GET") : not_found();
  if (request.path == kDevTokenPath) {
    if (!is_loopback_authority(request.host)) {
      return error_answer(Error{ErrorCode::Forbidden,
                                "development tokens are given out under a loopback address only",
                                0});
    }
    auto token = dev_->token(now);
    if (!token) return error_answer(500, token.error());
    net::HttpResponse response = text_answer(std::move(*token), "text/plain; charset=utf-8");
    response.headers.emplace_back("cache-control", "no-store");
    return response;
  }
  auto file = dev_->files.has_value() ? dev_->files->find(request.path) : std::nullopt;
  return file.has_value() ? std::move(*file) : not_found();
}

}  // namespace tidegate::app
