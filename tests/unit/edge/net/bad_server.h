// A server that treats connections badly: what a client of ours has to put up with.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "edge/net/client_connection.h"
#include "edge/net/clock.h"

namespace tidegate::net::test {

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

/// The head of the request, up to the blank line.
inline std::string read_request(int fd) {
  std::string request;
  char bytes[1024];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = ::recv(fd, bytes, sizeof(bytes), 0);
    EXPECT_GT(count, 0);
    if (count <= 0) break;
    request.append(bytes, static_cast<std::size_t>(count));
  }
  return request;
}
/// The close that follows is a reset.
inline void reset(int fd) {
  const linger abruptly{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &abruptly, sizeof(abruptly));
}
inline void say(int fd, std::string_view text) {
  ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace tidegate::net::test
