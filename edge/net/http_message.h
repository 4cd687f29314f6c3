// HTTP/1.1 as bytes: what a response looks like on the wire, and the JSON body of our own refusals.
#pragma once

#include <string>
#include <string_view>

#include "edge/net/http.h"

namespace tidegate::net {

enum class AfterResponse : std::uint8_t { KeepAlive, Close };

/// Status line, headers and the empty line. Statuses 204 and 304 carry no body and no length.
std::string response_head(const HttpResponse& response, AfterResponse after);
std::string_view reason_phrase(std::uint16_t status);

/// {"error":{"code":…,"name":"…","message":"…","temporary":…}}: the form of all errors over HTTP.
HttpResponse error_response(std::uint16_t status, const Error& error);

}  // namespace tidegate::net
