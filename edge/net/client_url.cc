#include "edge/net/client_url.h"

#include <charconv>

namespace tidegate::net {
namespace {

constexpr std::string_view kPlainScheme = "ws://";
constexpr std::string_view kTlsScheme = "wss://";
constexpr std::string_view kDefaultPath = "/v1/connect";

Error bad_url(std::string_view url, std::string_view why) {
  return Error{ErrorCode::BadRequest,
               "\"" + std::string(url) + "\" is not an address of a relay: " + std::string(why), 0};
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && stop == end && port != 0;
}

/// "host", "host:port", "[v6]" or "[v6]:port".
bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port) {
  std::size_t colon = authority.rfind(':');
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) {
      return false;
    }
    host = authority.substr(1, bracket - 1);
    colon = bracket + 1 < authority.size() ? bracket + 1 : std::string_view::npos;
    if (colon != std::string_view::npos && authority[colon] != ':') {
      return false;
    }
  } else {
    host = authority.substr(0, colon);
  }
  port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon + 1);
  return !host.empty() && (colon == std::string_view::npos || !port.empty());
}

}  // namespace

std::string ClientUrl::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ClientUrl> parse_client_url(std::string_view url) {
  if (url.starts_with(kTlsScheme)) {
    return bad_url(url, "the native client speaks ws:// only, for now");
  }
  if (!url.starts_with(kPlainScheme)) {
    return bad_url(url, "it begins with ws://");
  }
  const std::string_view rest = url.substr(kPlainScheme.size());
  const std::size_t slash = rest.find('/');
  std::string_view host;
  std::string_view port;
  if (!split_authority(rest.substr(0, slash), host, port)) {
    return bad_url(url, "host:port follow the scheme");
  }
  ClientUrl parsed;
  parsed.host = host;
  if (!port.empty() && !parse_port(port, parsed.port)) {
    return bad_url(url, "the port is a number from 1 to 65535");
  }
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  parsed.path = path.empty() || path == "/" ? kDefaultPath : path;
  return parsed;
}

}  // namespace tidegate::net
