// A relay on a free port of the loopback with everything allowed, and an HTTP API made for tests:
//   GET /hello            "hello"              GET /bytes?N      N bytes
//   POST /echo            method, query, body  POST /publish     {"channel","data"}: one
//   publication GET /later            answered when somebody POSTs /release, or never
// It wants the body of every request whose path is not /bodiless.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "edge/net/client_connection.h"
#include "edge/net/relay_server.h"
#include "tests/unit/edge/net/frame_client.h"

namespace tidegate::net::test {

class TestApi final : public HttpApi {
 public:
  bool wants_body(const HttpRequest& head) const override { return head.path != "/bodiless"; }
  void handle(WorkerAccess& worker, HttpRequest request,
              std::shared_ptr<HttpResponder> responder) const override;
  int calls(const std::string& path) const;

 private:
  void publish(WorkerAccess& worker, const HttpRequest& request,
               std::shared_ptr<HttpResponder> responder) const;

  mutable std::mutex mutex_;
  mutable std::vector<std::string> paths_;
  mutable std::vector<std::shared_ptr<HttpResponder>> waiting_;
};

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() = default;
  enum class Others : std::uint8_t { Bystander };
  /// Somebody is connected and subscribed from the start on, whom expect_alive() expects to be
  /// still there, and to have missed nothing.
  explicit RelayTest(Others) : with_bystander_(true) {}

  /// Must be called first; `adjust` may change the options.
  template <typename Adjust>
  void start(Adjust&& adjust) {
    adjust(options_);
    auto started = RelayServer::start(options_);
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
    if (with_bystander_) {
      let_bystander_in();
    }
  }
  void start() {
    start([](ServerOptions&) {});
  }
  void SetUp() override;
  void TearDown() override;

  std::uint16_t port() const { return server_->port(); }
  std::unique_ptr<ClientConnection> connect_client();
  bool logged(std::string_view part) const;
  void let_bystander_in();
  /// The relay still serves others: an HTTP request is answered, and what is published reaches the
  /// bystander on the connection that was open all the while.
  void expect_alive();
  NetCounters net_sum() const;
  relay::RelayCounters relay_sum() const;

  std::shared_ptr<TestApi> api_ = std::make_shared<TestApi>();
  std::shared_ptr<relay::RelayConfig> config_ = std::make_shared<relay::RelayConfig>();
  ServerOptions options_;
  std::unique_ptr<RelayServer> server_;
  bool with_bystander_ = false;
  std::unique_ptr<FrameClient> bystander_;
  int published_to_bystander_ = 0;
  mutable std::mutex log_mutex_;
  std::vector<std::string> log_;
};

/// Waits until `holds()`, for at most ten seconds: for what other threads are about to do.
template <typename Condition>
bool eventually(Condition&& holds) {
  for (int i = 0; i < 10'000; ++i) {
    if (holds()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return false;
}

std::string get(std::string_view path);
std::string post(std::string_view path, std::string_view body);

}  // namespace tidegate::net::test
