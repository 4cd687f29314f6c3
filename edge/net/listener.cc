#include "edge/net/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/limits.h"

namespace tidegate::net {
namespace {

struct AddressListDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

Error cannot_listen(const std::string& host, std::uint16_t port, const char* why) {
  return Error{ErrorCode::Unavailable,
               "cannot listen on " + host + ":" + std::to_string(port) + ": " + why, 0};
}

Result<AddressList> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const int status = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                 std::to_string(port).c_str(), &hints, &list);
  if (status != 0) {
    return cannot_listen(host, port, gai_strerror(status));
  }
  return AddressList(list);
}

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

/// -1 with errno set when it cannot.
int bind_socket(const addrinfo& address, bool shared) {
  const int fd =
      socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol);
  if (fd < 0) {
    return -1;
  }
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (shared) {
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  // Accepted sockets inherit both. What the network does not take yet stays with us, where it is a
  // place in a log and no bytes: a slow reader is given what is new, and a ping is not behind what
  // takes a minute.
  set_option(fd, SOL_SOCKET, SO_SNDBUF, limits::socket_send_buffer_bytes);
  set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, limits::socket_unsent_bytes_max);
  if (bind(fd, address.ai_addr, address.ai_addrlen) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return 0;
  }
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

void set_port(addrinfo& address, std::uint16_t port) {
  if (address.ai_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address.ai_addr)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(address.ai_addr)->sin_port = htons(port);
  }
}

/// SO_REUSEPORT would let two relays of one user share a port in silence, each with half of the
/// clients. A socket without it finds that out.
bool port_is_taken(const addrinfo& address) {
  const int probe = bind_socket(address, false);
  if (probe < 0) {
    return errno == EADDRINUSE;
  }
  close(probe);
  return false;
}

void close_all(const std::vector<ListeningSocket>& sockets) {
  for (const ListeningSocket& socket : sockets) {
    close(socket.fd);
  }
}

int open_spare() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

Result<std::vector<ListeningSocket>> open_listening_sockets(const std::string& host,
                                                            std::uint16_t port, std::size_t count) {
  auto addresses = resolve(host, port);
  if (!addresses) {
    return addresses.error();
  }
  addrinfo& address = **addresses;
  if (port != 0 && port_is_taken(address)) {
    return cannot_listen(host, port, "another program listens there already; choose another port");
  }
  std::vector<ListeningSocket> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    const int fd = bind_socket(address, true);
    if (fd < 0 || listen(fd, limits::listen_backlog) != 0) {
      const Error error = cannot_listen(host, port, strerror(errno));
      if (fd >= 0) {
        close(fd);
      }
      close_all(sockets);
      return error;
    }
    sockets.push_back(ListeningSocket{fd, port_of(fd)});
    set_port(address, sockets.front().port);
  }
  return sockets;
}

Listener::Listener(uv_loop_t* loop, int fd, Accepted accepted, Starved starved)
    : fd_(fd),
      spare_fd_(open_spare()),
      accepted_(std::move(accepted)),
      starved_(std::move(starved)),
      watch_(new uv_poll_t) {
  uv_poll_init(loop, watch_, fd_);
  watch_->data = this;
}

Listener::~Listener() {
  stop();
  if (spare_fd_ >= 0) {
    close(spare_fd_);
  }
}

void Listener::start() {
  uv_poll_start(watch_, UV_READABLE, [](uv_poll_t* watch, int, int) {
    static_cast<Listener*>(watch->data)->accept_batch(limits::accepts_per_turn);
  });
}

void Listener::stop() {
  if (watch_ == nullptr) {
    return;
  }
  accept_batch(limits::listen_backlog);
  uv_close(reinterpret_cast<uv_handle_t*>(watch_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  watch_ = nullptr;
  close(fd_);
}

void Listener::accept_batch(int batch_max) {
  for (int i = 0; i < batch_max && accept_one(); ++i) {
  }
}

bool Listener::accept_one() {
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    accepted_(fd);
    return true;
  }
  if (errno == EMFILE || errno == ENFILE) {
    return refuse_one_with_spare();
  }
  return errno == ECONNABORTED || errno == EINTR;
}

bool Listener::refuse_one_with_spare() {
  if (spare_fd_ < 0) {
    spare_fd_ = open_spare();
    return false;
  }
  close(spare_fd_);
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) {
    close(fd);
    starved_();
  }
  spare_fd_ = open_spare();
  return fd >= 0 && spare_fd_ >= 0;
}

}  // namespace tidegate::net
