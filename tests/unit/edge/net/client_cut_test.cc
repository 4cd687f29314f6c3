// The native client and a socket that is cut within a relay's message, which is larger than what
// the library hands over at once: what has come of it is nothing, until it is whole.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <numeric>
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

constexpr std::uint64_t kRows = 3000;

/// A binary frame: a welcome, the answer to the client's subscribe, and a block.
std::string relay_says(std::uint32_t request) {
  std::vector<std::uint64_t> offsets(kRows);
  std::iota(offsets.begin(), offsets.end(), 1);
  const Bytes message = RelayMessage()
                            .welcome()
                            .subscribed(RequestId{request}, 5, "a", SubscribeOutcome::Snapshot,
                                        testing::at("e", 0), kRows)
                            .block(5, 0, kRows, offsets)
                            .bytes();
  EXPECT_GE(message.size(), 65536U) << "or its length takes two bytes";
  std::string frame{'\x82', '\x7f'};
  for (int shift = 56; shift >= 0; shift -= 8) {
    frame += static_cast<char>(message.size() >> shift & 0xff);
  }
  return frame.append(message.begin(), message.end());
}

TEST(ClientCut, OfAMessageThatIsCutNothingIsTaken) {
  const std::size_t size = relay_says(1).size();
  std::vector<std::size_t> cuts(300);  // each byte of the heads, and some of the rows
  std::iota(cuts.begin(), cuts.end(), 0);
  while (cuts.back() + 4099 < size) cuts.push_back(cuts.back() + 4099);
  cuts.push_back(size - 1);
  std::uint32_t connection = 0;  // the server's thread alone
  BadServer server;
  server.serve(static_cast<int>(cuts.size()) + 1, [&](int fd) {
    upgrade(fd);
    const std::size_t at = connection++;
    const std::string message = relay_says(connection);  // each subscribe is the next request
    if (at < cuts.size()) return say(fd, message.substr(0, cuts[at]));
    say(fd, message);
    char byte = 0;
    while (::recv(fd, &byte, 1, 0) > 0) {
    }  // the client ends the last one
  });
  ClientConnectionOptions options;
  options.url = "ws://127.0.0.1:" + std::to_string(server.port());
  options.token = "any";
  options.session.backoff_base = 1ms;
  options.session.backoff_cap = 2ms;
  options.session.reconnect_attempts_max = static_cast<std::uint32_t>(cuts.size()) + 1;
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
      if (changed->state == ClientState::Failed) client->stop();
    } else if (const auto* delivered = std::get_if<RowsDelivered>(&event)) {
      rows.insert(rows.end(), delivered->row_count, lost);
      if (rows.size() >= kRows) client->stop();
    }
  });
  EXPECT_EQ(lost, cuts.size());
  EXPECT_EQ(welcomed, std::vector<std::size_t>{cuts.size()});
  EXPECT_EQ(rows, std::vector<std::size_t>(kRows, cuts.size()));
}

}  // namespace
}  // namespace tidegate::net
