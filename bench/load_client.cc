// Holds many connections and counts what arrives. As a Tidegate client it performs the WebSocket
// handshake, says hello and subscribes to one channel; with --raw it says nothing, and messages
// come without any of that.
//
//   bench_load --port P --connections N [--token T --channel C [--epoch E --offset O] | --raw 1]
//
// Prints "ready" when every connection is subscribed; then, for each line on standard input, one
// line with the ROWS counted since the start. Ends with its standard input.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "bench/socket_io.h"
#include "core/protocol/frame_decoder.h"
#include "core/protocol/frame_encoder.h"

using namespace tidegate;
using namespace tidegate::bench;

namespace {

struct Totals {
  std::uint64_t rows = 0;
  std::uint64_t subscribed = 0;
};

struct Settings {
  bool raw = false;
  std::uint16_t port = 0;
  std::string token;
  ChannelName channel;
  std::optional<StreamPosition> since;
};

/// One complete message: a client masks what it sends (RFC 6455, 5.3); a zero mask is a mask too.
std::string masked_message(const Bytes& payload) {
  std::string out("\x82", 1);
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xFF);
  }
  out.append(4, '\0');
  return out.append(payload.begin(), payload.end());
}

class Connection {
 public:
  Connection(int socket, const Settings& settings)
      : socket_(socket), settings_(settings), upgraded_(settings.raw) {}

  int socket() const { return socket_; }

  void begin(unsigned number) {
    if (settings_.raw) return;
    send_all(socket_,
             "GET /v1/connect HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tidegate.v1\r\n\r\n");
    HelloFrame hello;
    hello.client = "bench";
    hello.session_id = "bench-" + std::to_string(number);
    hello.token = settings_.token;
    SubscribeFrame subscribe;
    subscribe.request = RequestId{1};
    subscribe.channel = settings_.channel;
    subscribe.since = settings_.since;
    encode(hello, greeting_);
    encode(subscribe, greeting_);
  }

  void read_available(Totals& totals) {
    static char chunk[256 * 1024];
    while (true) {
      const ssize_t got = ::recv(socket_, chunk, sizeof chunk, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) fail("the connection was closed by the other side");
      buffer_.append(chunk, static_cast<std::size_t>(got));
      consume(totals);
    }
  }

 private:
  void consume(Totals& totals) {
    if (!upgraded_) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      if (buffer_.rfind("HTTP/1.1 101", 0) != 0) {
        std::fprintf(stderr, "%s\n", buffer_.c_str());
        std::exit(1);
      }
      buffer_.erase(0, end + 4);
      upgraded_ = true;
      send_all(socket_, masked_message(greeting_));
      Bytes().swap(greeting_);
    }
    std::size_t at = 0;
    while (consume_message(at, totals)) {
    }
    buffer_.erase(0, at);
  }

  bool consume_message(std::size_t& at, Totals& totals) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(buffer_.data()) + at;
    const std::size_t available = buffer_.size() - at;
    if (available < 2) return false;
    std::size_t size = bytes[1] & 0x7F;
    const std::size_t header = size < 126 ? 2 : size == 126 ? 4 : 10;
    if (available < header) return false;
    if (size >= 126) {
      const std::size_t width = header - 2;
      size = 0;
      for (std::size_t i = 0; i < width; ++i) size = size << 8 | bytes[2 + i];
    }
    if (available < header + size) return false;
    if ((bytes[0] & 0x0F) == 2) count(ByteView(bytes + header, size), totals);
    at += header + size;
    return true;
  }

  void count(ByteView message, Totals& totals) {
    FrameDecoder decoder(message);
    while (auto frame = decoder.next()) {
      if (!frame->ok()) {
        std::fprintf(stderr, "%s\n", frame->error().message.c_str());
        std::exit(1);
      }
      if (const auto* block = std::get_if<BlockFrame>(&frame->value())) {
        totals.rows += block->block.row_count();
      } else if (std::holds_alternative<SubscribedFrame>(frame->value())) {
        ++totals.subscribed;
      } else if (const auto* ping = std::get_if<PingFrame>(&frame->value())) {
        Bytes pong;
        encode(PongFrame{ping->nonce}, pong);
        send_all(socket_, masked_message(pong));
      } else if (const auto* refused = std::get_if<RefusedFrame>(&frame->value())) {
        std::fprintf(stderr, "refused: %s\n", refused->error.message.c_str());
        std::exit(1);
      }
    }
  }

  int socket_;
  const Settings& settings_;
  bool upgraded_;
  std::string buffer_;
  Bytes greeting_;
};

Settings parse_settings(int argc, char** argv) {
  Settings settings;
  settings.port = static_cast<std::uint16_t>(std::stoul(argument(argc, argv, "--port", "0")));
  settings.raw = argument(argc, argv, "--raw", "0") == "1";
  settings.token = argument(argc, argv, "--token", "");
  auto channel = ChannelName::parse(argument(argc, argv, "--channel", "bench"));
  if (!channel.ok()) {
    std::fprintf(stderr, "%s\n", channel.error().message.c_str());
    std::exit(2);
  }
  settings.channel = std::move(channel).value();
  if (auto epoch = Epoch::parse(argument(argc, argv, "--epoch", "")); epoch.ok()) {
    const Offset offset{std::stoull(argument(argc, argv, "--offset", "0"))};
    settings.since = StreamPosition{std::move(epoch).value(), offset};
  }
  return settings;
}

bool answer_line(const Totals& totals) {
  char line[16];
  const ssize_t got = ::read(STDIN_FILENO, line, sizeof line);
  if (got <= 0) return false;
  std::printf("%llu\n", static_cast<unsigned long long>(totals.rows));
  std::fflush(stdout);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  raise_descriptor_limit();
  const Settings settings = parse_settings(argc, argv);
  const unsigned count =
      static_cast<unsigned>(std::stoul(argument(argc, argv, "--connections", "1")));
  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection> connections;
  connections.reserve(count);
  const auto watch = [&](int socket, std::uint32_t index) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = index;
    ::epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
  };
  watch(STDIN_FILENO, count);
  for (unsigned i = 0; i < count; ++i) {
    connections.emplace_back(connect_loopback(settings.port), settings);
    connections.back().begin(i);
    watch(connections.back().socket(), i);
  }
  Totals totals;
  bool ready = false;
  while (true) {
    if (!ready && (settings.raw || totals.subscribed == count)) {
      ready = true;
      std::printf("ready\n");
      std::fflush(stdout);
    }
    // Nobody is woken by a message: it would cost the sender, more or less by chance.
    epoll_event events[256];
    const int got = ::epoll_wait(poller, events, 256, 0);
    if (got == 0) {
      const timespec pause{0, 1'000'000};
      ::nanosleep(&pause, nullptr);
      continue;
    }
    for (int i = 0; i < got; ++i) {
      if (events[i].data.u32 < count) {
        connections[events[i].data.u32].read_available(totals);
      } else if (!answer_line(totals)) {
        return 0;
      }
    }
  }
}
