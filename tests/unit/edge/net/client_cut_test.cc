// The native client and a socket that is cut at each byte of a relay's message: what came of the
// message is nothing, until it has come whole.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/base/base64.h"
#include "tests/unit/core/client/client_shell.h"
#include "tests/unit/edge/net/bad_server.h"

namespace tidegate::net {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::RelayMessage;

/// RFC 6455, 4.2.2.
std::string accept_of(const std::string& request) {
  const std::string name = "Sec-WebSocket-Key: ";
  const std::size_t begin = request.find(name) + name.size();
  const std::string key = request.substr(begin, request.find("\r\n", begin) - begin) +
                          "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_Digest(key.data(), key.size(), hash.data(), &size, EVP_sha1(), nullptr);
  return encode_base64(ByteView(hash.data(), size), Base64::Standard);
}

void upgrade(int fd) {
  const std::string request = read_request(fd);
  say(fd,
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Protocol: tidegate.v1\r\nSec-WebSocket-Accept: " +
          accept_of(request) + "\r\n\r\n");
}

/// A binary frame: a welcome, the answer to the client's subscribe, and a block of one row.
std::string relay_says(std::uint32_t request) {
  const Bytes message = RelayMessage()
                            .welcome()
                            .subscribed(RequestId{request}, 5, "a", SubscribeOutcome::Snapshot,
                                        testing::at("e", 0), 1)
                            .block(5, 0, 1, {1})
                            .bytes();
  EXPECT_GE(message.size(), 126U) << "or its length takes one byte";
  std::string frame{'\x82', '\x7e', static_cast<char>(message.size() >> 8),
                    static_cast<char>(message.size() & 0xff)};
  return frame.append(message.begin(), message.end());
}

TEST(ClientCut, OfAMessageThatIsCutAtAnyByteNothingIsTaken) {
  const std::size_t size = relay_says(1).size();
  std::size_t cut = 0;  // the server's thread alone
  BadServer server;
  server.serve(static_cast<int>(size) + 1, [&](int fd) {
    upgrade(fd);
    // Each connection's subscribe is the client's next request.
    say(fd, relay_says(static_cast<std::uint32_t>(cut) + 1).substr(0, cut));
    if (cut++ < size) return;
    char byte = 0;
    while (::recv(fd, &byte, 1, 0) > 0) {
    }  // the client ends the last one
  });
  ClientConnectionOptions options;
  options.url = "ws://127.0.0.1:" + std::to_string(server.port());
  options.token = "any";
  options.session.backoff_base = 1ms;
  options.session.backoff_cap = 2ms;
  auto client = std::move(*ClientConnection::create(std::move(options)));
  ASSERT_TRUE(client->session().subscribe(client->now(), testing::channel("a"), {}).ok());
  client->session().connect(client->now());
  std::size_t lost = 0;
  std::vector<std::size_t> welcomed;  // after how many connections that were cut
  std::vector<std::size_t> rows;
  client->run([&](const Event& event) {
    if (const auto* changed = std::get_if<StateChanged>(&event)) {
      if (changed->state == ClientState::Reconnecting) ++lost;
      if (changed->state == ClientState::Live) welcomed.push_back(lost);
    } else if (const auto* delivered = std::get_if<RowsDelivered>(&event)) {
      rows.insert(rows.end(), delivered->row_count, lost);
      client->stop();
    }
  });
  EXPECT_EQ(lost, size);
  EXPECT_EQ(welcomed, std::vector<std::size_t>{size});
  EXPECT_EQ(rows, std::vector<std::size_t>{size});
}

}  // namespace
}  // namespace tidegate::net
