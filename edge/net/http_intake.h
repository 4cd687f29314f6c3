// From the library's parsed headers to an HttpRequest, or to the refusal of one. Everything that
// makes the length of a body a matter of opinion (chunks, two lengths, none) is refused here,
// because two parties that disagree about it can be made to see different requests (request
// smuggling).
#pragma once

#include <libwebsockets.h>

#include <optional>
#include <variant>

#include "edge/net/http.h"

namespace tidegate::net {

struct IntakeRequest {
  HttpRequest request;
  std::size_t body_bytes = 0;
};
struct IntakeRefusal {
  HttpResponse response;
};
using Intake = std::variant<IntakeRequest, IntakeRefusal>;

Intake read_request(lws* wsi, std::size_t body_bytes_max);

/// True when the library will read a body by its own reckoning, whatever we think of it.
bool library_expects_body(lws* wsi);
/// The client waits for a word before it sends its body.
bool expects_continue(lws* wsi);

/// A header's value, with the values of repeated headers joined by commas; empty when there is
/// none.
std::string header_value(lws* wsi, lws_token_indexes token);

/// Digits only, nothing else: "3, 50", "-5" and "0x10" are no lengths.
std::optional<std::size_t> parse_content_length(std::string_view value);

/// Decides about an upgrade before the library does: nullopt lets it go on.
std::optional<HttpResponse> refuse_upgrade(lws* wsi);
/// True when a Sec-WebSocket-Protocol value offers `protocol`.
bool offers_protocol(std::string_view offered, std::string_view protocol);

inline constexpr const char* kConnectPath = "/v1/connect";

}  // namespace tidegate::net
