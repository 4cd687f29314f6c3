// The reference the relay is measured against: accepts connections and, when told to, sends one
// ready-made buffer to each of them with a plain send(). Nothing can deliver with less work per
// message.
//
//   bench_raw_send --size BYTES      prints its port, then reads commands from standard input:
//   ticks COUNT INTERVAL_US          COUNT times, every INTERVAL_US: send to all, then print "done"
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bench/socket_io.h"

using namespace tidegate::bench;

namespace {

void accept_all(int listener, std::vector<int>& sockets) {
  while (true) {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    sockets.push_back(socket);
  }
}

void send_ticks(const std::vector<int>& sockets, const std::string& buffer, long count,
                long interval_us) {
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  itimerspec period{};
  period.it_interval.tv_sec = period.it_value.tv_sec = interval_us / 1'000'000;
  period.it_interval.tv_nsec = period.it_value.tv_nsec = interval_us % 1'000'000 * 1000;
  ::timerfd_settime(timer, 0, &period, nullptr);
  for (long tick = 0; tick < count; ++tick) {
    std::uint64_t expirations = 0;
    if (::read(timer, &expirations, sizeof expirations) < 0) fail("timerfd");
    for (const int socket : sockets) send_all(socket, buffer);
  }
  ::close(timer);
}

}  // namespace

int main(int argc, char** argv) {
  raise_descriptor_limit();
  const std::string buffer(std::stoul(argument(argc, argv, "--size", "256")), 'x');
  std::uint16_t port = 0;
  const int listener = listen_loopback(port);
  std::printf("port %u\n", port);
  std::fflush(stdout);
  std::vector<int> sockets;
  while (true) {
    pollfd wait[2] = {{listener, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    ::poll(wait, 2, -1);
    if (wait[0].revents != 0) accept_all(listener, sockets);
    if (wait[1].revents == 0) continue;
    long count = 0;
    long interval_us = 0;
    char line[64];
    if (std::fgets(line, sizeof line, stdin) == nullptr) return 0;
    if (std::sscanf(line, "ticks %ld %ld", &count, &interval_us) != 2) fail("bad command");
    accept_all(listener, sockets);  // those that connected before the command
    send_ticks(sockets, buffer, count, interval_us);
    std::printf("done\n");
    std::fflush(stdout);
  }
}
