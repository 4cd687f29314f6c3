// A client without manners: a blocking socket that sends exactly the bytes it is told to, and reads
// what comes back as HTTP responses or WebSocket frames. It shares no code with the relay, so that
// it can be wrong in every way that the relay has to bear. Reads give up after ten seconds, as a
// failure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tidegate::net::test {

struct RawResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

struct RawFrame {
  std::uint8_t opcode = 0;
  bool final = false;
  std::string payload;
  /// Of a close frame; 0 for others.
  std::uint16_t close_code() const;
};

inline constexpr std::uint8_t kOpContinuation = 0;
inline constexpr std::uint8_t kOpText = 1;
inline constexpr std::uint8_t kOpBinary = 2;
inline constexpr std::uint8_t kOpClose = 8;
inline constexpr std::uint8_t kOpPing = 9;
inline constexpr std::uint8_t kOpPong = 10;

/// A frame as a client sends it, masked.
std::string client_frame(std::uint8_t opcode, std::string_view payload, bool final = true);
std::string upgrade_request(std::string_view path = "/v1/connect",
                            std::string_view protocol = "tidegate.v1",
                            std::string_view further_headers = "");

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return fd_ >= 0; }
  /// False when the other side is gone.
  bool send(std::string_view bytes);
  /// Says nothing more, and still listens.
  void send_end();
  /// Is gone, by a reset.
  void reset();
  /// A response with a Content-Length; nullopt when the connection ends before it is whole.
  std::optional<RawResponse> read_response(bool head_only = false);
  /// True when the other side closes (or resets) without a further byte.
  bool closed_without_words();
  /// Reads and drops until the other side closes; false after ten seconds.
  bool drain_until_closed();

  /// Sends the upgrade request and reads its answer.
  std::optional<RawResponse> upgrade(std::string_view path = "/v1/connect",
                                     std::string_view protocol = "tidegate.v1",
                                     std::string_view further_headers = "");
  bool send_frame(std::uint8_t opcode, std::string_view payload, bool final = true);
  std::optional<RawFrame> read_frame();

 private:
  bool fill();
  std::optional<std::string> take(std::size_t size);

  int fd_ = -1;
  std::string buffer_;
};

}  // namespace tidegate::net::test
