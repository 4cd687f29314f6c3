// The native client and servers that break off: whenever in the handshake that happens, the session
// hears of it at once, and not when its patience ends.
#include "edge/net/client_connection.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/edge/net/bad_server.h"

namespace tidegate::net {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// Why each of three attempts failed. They take less than the client would wait for a welcome.
void expect_three_quick_failures(BadServer::Treatment treatment) {
  BadServer server;
  server.serve(3, std::move(treatment));
  ClientConnectionOptions options;
  options.url = "ws://127.0.0.1:" + std::to_string(server.port());
  options.session.backoff_base = 1ms;
  options.session.backoff_cap = 2ms;
  options.session.reconnect_attempts_max = 2;
  auto client = std::move(*ClientConnection::create(std::move(options)));
  client->session().connect(client->now());
  std::vector<std::string> reasons;
  client->run([&](const Event& event) {
    const auto* changed = std::get_if<StateChanged>(&event);
    if (changed == nullptr || changed->state == ClientState::Connecting) return;
    reasons.push_back(changed->message);
    if (changed->state == ClientState::Failed) client->stop();
  });
  EXPECT_EQ(reasons.size(), 3U);
  for (const std::string& reason : reasons) {
    EXPECT_EQ(reason.find("no welcome within"), std::string::npos) << reason;
  }
}

TEST(ClientConnection, HearsOfAResetBeforeTheRequest) { expect_three_quick_failures(reset); }

TEST(ClientConnection, HearsOfAResetBehindTheRequest) {
  expect_three_quick_failures([](int fd) {
    read_request(fd);
    reset(fd);
  });
}

TEST(ClientConnection, HearsOfAnEndBehindTheRequest) { expect_three_quick_failures(read_request); }

TEST(ClientConnection, HearsOfAnEndWithinTheAnswer) {
  expect_three_quick_failures([](int fd) {
    read_request(fd);
    say(fd, "HTTP/1.1 101 Switching Proto");
  });
}

TEST(ClientConnection, HearsOfAnAnswerThatIsNoUpgrade) {
  expect_three_quick_failures([](int fd) {
    read_request(fd);
    say(fd, "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
  });
}

}  // namespace
}  // namespace tidegate::net
