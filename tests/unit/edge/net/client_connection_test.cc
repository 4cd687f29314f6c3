// The native client and servers that break off: whenever in the handshake that happens, the session
// hears of it at once, and not when its patience ends.
#include "edge/net/client_connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

#include "edge/net/clock.h"

namespace tidegate::net {
namespace {

using namespace std::chrono_literals;

/// Listens on a free port, and treats each of some connections as it is told to.
class BadServer {
 public:
  using Treatment = std::function<void(int fd)>;
  BadServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(fd_, 16), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~BadServer() {
    if (thread_.joinable()) thread_.join();
    ::close(fd_);
  }
  std::uint16_t port() const { return port_; }
  void serve(int connections, Treatment treatment) {
    thread_ = std::thread([this, connections, treatment = std::move(treatment)] {
      for (int i = 0; i < connections; ++i) {
        const int fd = ::accept(fd_, nullptr, nullptr);
        ASSERT_GE(fd, 0);
        treatment(fd);
        ::close(fd);
      }
    });
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

void read_request(int fd) {
  std::string request;
  char bytes[1024];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = ::recv(fd, bytes, sizeof(bytes), 0);
    ASSERT_GT(count, 0);
    request.append(bytes, static_cast<std::size_t>(count));
  }
}
/// The close that follows is a reset.
void reset(int fd) {
  const linger abruptly{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &abruptly, sizeof(abruptly));
}
void say(int fd, std::string_view text) { ::send(fd, text.data(), text.size(), MSG_NOSIGNAL); }

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
