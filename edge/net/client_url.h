// The address of a relay as people write it: ws://host:port[/path].
#pragma once

#include <string>
#include <string_view>

#include "core/base/types.h"

namespace tidegate::net {

struct ClientUrl {
  std::string host;
  std::uint16_t port = 80;
  std::string path;  // /v1/connect when the url has none
  /// As it stands in the Host header.
  std::string authority() const;
};

/// BadRequest, saying what is wrong. wss:// is not offered by the native client yet.
Result<ClientUrl> parse_client_url(std::string_view url);

}  // namespace tidegate::net
