#include "edge/net/http_intake.h"

#include <strings.h>

#include <cstdlib>

#include "core/base/limits.h"
#include "edge/net/http_message.h"

namespace tidegate::net {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

IntakeRefusal refuse(std::uint16_t status, ErrorCode code, std::string message) {
  return IntakeRefusal{error_response(status, Error{code, std::move(message), 0})};
}

const char* method_name(int method) {
  switch (method) {
    case LWSHUMETH_GET:
      return "GET";
    case LWSHUMETH_HEAD:
      return "HEAD";
    case LWSHUMETH_POST:
      return "POST";
    case LWSHUMETH_OPTIONS:
      return "OPTIONS";
    case LWSHUMETH_PUT:
      return "PUT";
    case LWSHUMETH_PATCH:
      return "PATCH";
    case LWSHUMETH_DELETE:
      return "DELETE";
    default:
      return nullptr;
  }
}

bool carries_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

/// The parts between the ampersands, which the library has decoded.
std::vector<std::string> read_query(lws* wsi) {
  std::vector<std::string> query;
  std::string part(limits::http_header_bytes_max + 1, '\0');
  for (int i = 0;; ++i) {
    const int size = lws_hdr_copy_fragment(wsi, part.data(), static_cast<int>(part.size()),
                                           WSI_TOKEN_HTTP_URI_ARGS, i);
    if (size < 0) {
      return query;
    }
    query.emplace_back(part, 0, static_cast<std::size_t>(size));
  }
}

std::string custom_header(lws* wsi, std::string_view name_with_colon) {
  const int name_size = static_cast<int>(name_with_colon.size());
  const int size = lws_hdr_custom_length(wsi, name_with_colon.data(), name_size);
  if (size <= 0) {
    return {};
  }
  std::string value(static_cast<std::size_t>(size) + 1, '\0');
  const int copied = lws_hdr_custom_copy(wsi, value.data(), static_cast<int>(value.size()),
                                         name_with_colon.data(), name_size);
  value.resize(copied > 0 ? static_cast<std::size_t>(copied) : 0);
  return std::string(trim(value));
}

std::string peer_address(lws* wsi) {
  char address[64] = "";
  lws_get_peer_simple(wsi, address, sizeof address);
  return address;
}

HttpRequest read_head(lws* wsi, const char* method, std::string_view path) {
  HttpRequest request;
  request.method = method;
  request.path = path;
  request.query = read_query(wsi);
  request.host = header_value(wsi, WSI_TOKEN_HOST);
  request.authorization = header_value(wsi, WSI_TOKEN_HTTP_AUTHORIZATION);
  request.content_type = header_value(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE);
  request.idempotency_key = custom_header(wsi, "idempotency-key:");
  request.origin = header_value(wsi, WSI_TOKEN_ORIGIN);
  request.peer_address = peer_address(wsi);
  return request;
}

}  // namespace

Intake read_request(lws* wsi, std::size_t body_bytes_max) {
  char* uri = nullptr;
  int uri_bytes = 0;
  const char* method = method_name(lws_http_get_uri_and_method(wsi, &uri, &uri_bytes));
  if (method == nullptr) {
    return refuse(405, ErrorCode::Unsupported, "this method is not supported");
  }
  if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
    return refuse(411, ErrorCode::BadRequest,
                  "Transfer-Encoding is not supported: send the body with a Content-Length");
  }
  IntakeRequest intake{
      read_head(wsi, method, std::string_view(uri, static_cast<std::size_t>(uri_bytes))), 0};
  if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) == 0) {
    if (carries_body(intake.request.method)) {
      return refuse(411, ErrorCode::BadRequest, "a Content-Length is required");
    }
    return intake;
  }
  const auto length = parse_content_length(header_value(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH));
  if (!length.has_value()) {
    return refuse(400, ErrorCode::BadRequest, "Content-Length must stand once, in digits");
  }
  if (*length > body_bytes_max) {
    return refuse(413, ErrorCode::PayloadTooLarge,
                  "the body has " + std::to_string(*length) + " bytes; at most " +
                      std::to_string(body_bytes_max) + " are accepted");
  }
  intake.body_bytes = *length;
  return intake;
}

bool library_expects_body(lws* wsi) {
  if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0) {
    return std::atoll(header_value(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH).c_str()) > 0;
  }
  return lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0 ||
         lws_hdr_total_length(wsi, WSI_TOKEN_PUT_URI) > 0 ||
         lws_hdr_total_length(wsi, WSI_TOKEN_PATCH_URI) > 0;
}

bool expects_continue(lws* wsi) {
  return strcasecmp(header_value(wsi, WSI_TOKEN_HTTP_EXPECT).c_str(), "100-continue") == 0;
}

std::string header_value(lws* wsi, lws_token_indexes token) {
  const int size = lws_hdr_total_length(wsi, token);
  if (size <= 0) {
    return {};
  }
  std::string value(static_cast<std::size_t>(size) + 2, '\0');
  const int copied = lws_hdr_copy(wsi, value.data(), static_cast<int>(value.size()), token);
  value.resize(copied > 0 ? static_cast<std::size_t>(copied) : 0);
  return std::string(trim(value));
}

std::optional<std::size_t> parse_content_length(std::string_view value) {
  const std::string_view digits = trim(value);
  if (digits.empty() || digits.size() > 15) {
    return std::nullopt;
  }
  std::size_t length = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    length = length * 10 + static_cast<std::size_t>(c - '0');
  }
  return length;
}

bool offers_protocol(std::string_view offered, std::string_view protocol) {
  while (!offered.empty()) {
    const std::size_t comma = offered.find(',');
    if (trim(offered.substr(0, comma)) == protocol) {
      return true;
    }
    offered = comma == std::string_view::npos ? std::string_view() : offered.substr(comma + 1);
  }
  return false;
}

std::optional<HttpResponse> refuse_upgrade(lws* wsi) {
  const auto refusal = [](std::uint16_t status, ErrorCode code, const char* message) {
    return error_response(status, Error{code, message, 0});
  };
  if (strcasecmp(header_value(wsi, WSI_TOKEN_UPGRADE).c_str(), "websocket") != 0) {
    return refusal(501, ErrorCode::Unsupported, "the only upgrade offered here is websocket");
  }
  char* uri = nullptr;
  int uri_bytes = 0;
  if (lws_http_get_uri_and_method(wsi, &uri, &uri_bytes) != LWSHUMETH_GET) {
    return refusal(405, ErrorCode::Unsupported, "a WebSocket begins with GET");
  }
  if (std::string_view(uri, static_cast<std::size_t>(uri_bytes)) != kConnectPath) {
    return refusal(404, ErrorCode::NotFound, "WebSockets are served at /v1/connect only");
  }
  if (header_value(wsi, WSI_TOKEN_VERSION) != "13") {
    HttpResponse response =
        refusal(426, ErrorCode::UnsupportedVersion, "Sec-WebSocket-Version must be 13 (RFC 6455)");
    response.headers.emplace_back("sec-websocket-version", "13");
    return response;
  }
  if (!offers_protocol(header_value(wsi, WSI_TOKEN_PROTOCOL), kWireProtocol)) {
    return refusal(400, ErrorCode::UnsupportedVersion,
                   "Sec-WebSocket-Protocol must offer tidegate.v1");
  }
  if (header_value(wsi, WSI_TOKEN_KEY).empty() || header_value(wsi, WSI_TOKEN_HOST).empty()) {
    return refusal(400, ErrorCode::BadRequest, "Sec-WebSocket-Key and Host are required");
  }
  return std::nullopt;
}

}  // namespace tidegate::net
