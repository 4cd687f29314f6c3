// The HTTP side of a worker: one request at a time on each connection, answered at once or later.
// What the library gets wrong or leaves open (pipelining after a body, chunked bodies, slow bodies,
// HTTP/2 upgrades) ends here, by a clear refusal where there is somebody to tell.
#pragma once

#include <libwebsockets.h>

#include <memory>
#include <unordered_map>
#include <utility>
#include <variant>

#include "edge/net/http.h"
#include "edge/net/http_message.h"
#include "edge/net/wsi_tag.h"

namespace tidegate::net {

struct NetCounters;

/// A part of the bytes that a server holds for others, given back when it ends. The server may be
/// gone by then.
class HeldBytes {
 public:
  HeldBytes() = default;
  HeldBytes(std::shared_ptr<std::size_t> sum, std::size_t bytes)
      : sum_(std::move(sum)), bytes_(bytes) {
    *sum_ += bytes_;
  }
  HeldBytes(HeldBytes&& other) noexcept : sum_(std::move(other.sum_)), bytes_(other.bytes_) {}
  HeldBytes& operator=(HeldBytes&& other) noexcept {
    std::swap(sum_, other.sum_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~HeldBytes() {
    if (sum_ != nullptr) {
      *sum_ -= bytes_;
    }
  }

 private:
  std::shared_ptr<std::size_t> sum_;
  std::size_t bytes_ = 0;
};

/// One request and its response. The application holds it as HttpResponder, perhaps for longer than
/// the connection lives.
class HttpExchange final : public HttpResponder {
 public:
  explicit HttpExchange(lws* wsi) : wsi_(wsi) {}
  void respond(HttpResponse response) override;
  /// The connection is gone; a response that comes now is dropped.
  void detach() { wsi_ = nullptr; }

 private:
  friend class HttpServer;

  struct ReadingBody {
    HttpRequest request;
    std::size_t missing = 0;
    bool is_kept = true;  // else it is dropped as it comes
    HeldBytes held = {};
  };
  struct Answering {};  // the application has it
  struct Answered {     // not written yet
    HttpResponse response;
  };
  struct Writing {
    std::string bytes;
    std::size_t written = 0;
    AfterResponse after = AfterResponse::KeepAlive;
    HeldBytes held = {};
  };
  struct Discarding {};  // refused early: what still comes is read and dropped for a moment

  lws* wsi_;
  bool head_only_ = false;
  bool inside_dispatch_ = false;
  std::variant<Answering, ReadingBody, Answered, Writing, Discarding> state_;
};

/// A connection that speaks HTTP (so far). Idle between requests when it has no exchange.
struct alignas(8) HttpConnection {
  std::shared_ptr<HttpExchange> exchange;
};

struct HttpServerOptions {
  std::shared_ptr<const HttpApi> api;
  std::size_t body_bytes_max = 0;
  Duration header_deadline{};
  Duration body_deadline{};
};

class HttpServer {
 public:
  HttpServer(const HttpServerOptions& options, WorkerAccess& worker, NetCounters& counters)
      : options_(options), worker_(worker), counters_(counters) {}

  /// Who answers requests from here on.
  void set_api(std::shared_ptr<const HttpApi> api) { options_.api = std::move(api); }

  /// A connection was accepted; it has until the header deadline to say what it wants.
  void handle_accepted(lws* wsi);
  /// It speaks WebSocket from here on.
  void handle_upgraded(lws* wsi);
  /// The library ends the connection. True when it was one of ours.
  bool handle_destroyed(lws* wsi);
  /// No new upgrades, every response is the last one of its connection, idle ones are closed.
  void drain();

  // ---- the library's callbacks; each returns -1 to have the connection closed
  int handle_upgrade_request(lws* wsi);
  int handle_request(lws* wsi);
  int handle_body(lws* wsi, ByteView part);
  int handle_body_complete(lws* wsi);
  int handle_writable(lws* wsi);
  int handle_deadline(lws* wsi);

 private:
  std::shared_ptr<HttpExchange> exchange_of(lws* wsi) const;
  void dispatch(lws* wsi, const std::shared_ptr<HttpExchange>& exchange, HttpRequest request);
  int answer_if_ready(lws* wsi, HttpExchange& exchange, AfterResponse after);
  int answer_and_close(lws* wsi, HttpExchange& exchange);
  int refuse(lws* wsi, HttpExchange& exchange, HttpResponse response);
  static std::string response_bytes(const HttpExchange& exchange, const HttpResponse& response,
                                    AfterResponse after);
  bool has_room_for(const HttpResponse& response) const;
  bool has_room_for_body(std::size_t bytes) const;
  int begin_response(lws* wsi, HttpExchange& exchange, HttpResponse response, AfterResponse after);
  int write_on(lws* wsi, HttpExchange& exchange);
  int finish(lws* wsi, AfterResponse after);
  AfterResponse after_response() const;

  HttpServerOptions options_;
  WorkerAccess& worker_;
  NetCounters& counters_;
  bool draining_ = false;
  /// Of responses that are being written.
  std::shared_ptr<std::size_t> responses_bytes_ = std::make_shared<std::size_t>(0);
  /// Of requests whose bodies are being read.
  std::shared_ptr<std::size_t> bodies_bytes_ = std::make_shared<std::size_t>(0);
  std::unordered_map<lws*, HttpConnection> connections_;
};

}  // namespace tidegate::net
