// The reference the relay is measured against: accepts connections and, when told to, sends one
// ready-made buffer to each of them with a plain send(). Nothing can deliver with less work per
// message. The buffer is a whole WebSocket message with one publication, so that those who receive
// have the same work with it as with the relay's: they share the processor's caches.
//
//   bench_raw_send --payload BYTES   prints its port, then reads commands from standard input:
//   send                             to all, then print "done"
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "bench/socket_io.h"
#include "core/protocol/block_writer.h"
#include "edge/relay/shared_message.h"

using namespace tidegate;
using namespace tidegate::bench;

namespace {

std::string one_publication(std::size_t payload_bytes) {
  Publication publication;
  publication.event = "tick";
  publication.payload.assign(payload_bytes, 'x');
  publication.payload.front() = publication.payload.back() = '"';
  BlockWriter writer(StreamId{1}, StreamRange{Offset{0}, Offset{1}});
  writer.add(Offset{1}, publication);
  Bytes frame;
  writer.finish(frame);
  return std::string(as_text(relay::SharedMessage::binary(frame)->framed()));
}

void accept_all(int listener, std::vector<int>& sockets) {
  while (true) {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    send_at_once(socket);  // as the relay's connections do
    sockets.push_back(socket);
  }
}

}  // namespace

int main(int argc, char** argv) {
  raise_descriptor_limit();
  const std::string buffer = one_publication(std::stoul(argument(argc, argv, "--payload", "128")));
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
    char line[64];
    if (std::fgets(line, sizeof line, stdin) == nullptr) return 0;
    if (std::string_view(line) != "send\n") fail("bad command");
    accept_all(listener, sockets);  // those that connected before the command
    for (const int socket : sockets) send_all(socket, buffer);
    std::printf("done\n");
    std::fflush(stdout);
  }
}
