#include "tests/unit/edge/net/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace tidegate::net::test {

std::uint16_t RawFrame::close_code() const {
  if (opcode != kOpClose || payload.size() < 2) {
    return 0;
  }
  return static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                    static_cast<unsigned char>(payload[1]));
}

std::string upgrade_request(std::string_view path, std::string_view protocol,
                            std::string_view further_headers) {
  std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  request += "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
  request += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!protocol.empty()) {
    request += "Sec-WebSocket-Protocol: " + std::string(protocol) + "\r\n";
  }
  return request + std::string(further_headers) + "\r\n";
}

std::string client_frame(std::uint8_t opcode, std::string_view payload, bool final) {
  static constexpr unsigned char kMask[4] = {0x37, 0xfa, 0x21, 0x3d};
  std::string frame;
  frame.push_back(static_cast<char>((final ? 0x80 : 0) | opcode));
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(0x80 | payload.size()));
  } else if (payload.size() < 65536) {
    frame.push_back(static_cast<char>(0x80 | 126));
    frame.push_back(static_cast<char>(payload.size() >> 8));
    frame.push_back(static_cast<char>(payload.size() & 0xFF));
  } else {
    frame.push_back(static_cast<char>(0x80 | 127));
    for (int shift = 56; shift >= 0; shift -= 8) {
      frame.push_back(static_cast<char>((payload.size() >> shift) & 0xFF));
    }
  }
  frame.append(reinterpret_cast<const char*>(kMask), 4);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame.push_back(static_cast<char>(static_cast<unsigned char>(payload[i]) ^ kMask[i % 4]));
  }
  return frame;
}

RawClient::RawClient(std::uint16_t port, int receive_buffer_bytes) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer_bytes > 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  const int at_once = 1;  // what is sent in pieces is to arrive in pieces
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  const timeval patience{10, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

RawClient::~RawClient() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(std::exchange(fd_, -1));
}

void RawClient::send_end() { shutdown(fd_, SHUT_WR); }

bool RawClient::fill() {
  char bytes[65536];
  const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
  if (size <= 0) {
    return false;
  }
  buffer_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

std::optional<std::string> RawClient::take(std::size_t size) {
  while (buffer_.size() < size) {
    if (!fill()) {
      return std::nullopt;
    }
  }
  std::string taken = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return taken;
}

std::optional<RawResponse> RawClient::read_response(bool head_only) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) {
      return std::nullopt;
    }
  }
  const std::string head = *take(end + 4);
  RawResponse response;
  response.status = std::atoi(head.substr(head.find(' ') + 1).c_str());
  std::size_t at = head.find("\r\n") + 2;
  while (at + 2 < head.size()) {
    const std::size_t line_end = head.find("\r\n", at);
    const std::string line = head.substr(at, line_end - at);
    const std::size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    for (char& c : name) {
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    response.headers[name] = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
    at = line_end + 2;
  }
  const auto length = response.headers.find("content-length");
  if (length != response.headers.end() && !head_only) {
    const auto body = take(static_cast<std::size_t>(std::atoll(length->second.c_str())));
    if (!body.has_value()) {
      return std::nullopt;
    }
    response.body = *body;
  }
  return response;
}

bool RawClient::closed_without_words() {
  if (!buffer_.empty()) {
    return false;
  }
  char byte;
  const ssize_t size = recv(fd_, &byte, 1, 0);
  return size == 0 || (size < 0 && errno == ECONNRESET);
}

bool RawClient::drain_until_closed() {
  char bytes[65536];
  for (;;) {
    const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
    if (size <= 0) {
      return size == 0 || errno == ECONNRESET;
    }
  }
}

std::optional<RawResponse> RawClient::upgrade(std::string_view path, std::string_view protocol,
                                              std::string_view further_headers) {
  if (!send(upgrade_request(path, protocol, further_headers))) {
    return std::nullopt;
  }
  return read_response();
}

bool RawClient::send_frame(std::uint8_t opcode, std::string_view payload, bool final) {
  return send(client_frame(opcode, payload, final));
}

std::optional<RawFrame> RawClient::read_frame() {
  const auto head = take(2);
  if (!head.has_value()) {
    return std::nullopt;
  }
  RawFrame frame;
  frame.final = ((*head)[0] & 0x80) != 0;
  frame.opcode = static_cast<std::uint8_t>((*head)[0] & 0x0F);
  std::size_t size = static_cast<unsigned char>((*head)[1]) & 0x7F;
  const std::size_t further = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (further > 0) {
    const auto length = take(further);
    if (!length.has_value()) {
      return std::nullopt;
    }
    size = 0;
    for (const char c : *length) {
      size = size << 8 | static_cast<unsigned char>(c);
    }
  }
  const auto payload = take(size);
  if (!payload.has_value()) {
    return std::nullopt;
  }
  frame.payload = *payload;
  return frame;
}

}  // namespace tidegate::net::test
