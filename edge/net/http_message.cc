#include "edge/net/http_message.h"

#include <nlohmann/json.hpp>

namespace tidegate::net {
namespace {

/// A header's value cannot contain the end of its line: otherwise a value that came from outside
/// could add headers of its own.
void append_header(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  for (const char c : value) {
    if (c != '\r' && c != '\n') {
      head.push_back(c);
    }
  }
  head.append("\r\n");
}

}  // namespace

std::string_view reason_phrase(std::uint16_t status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 207:
      return "Multi-Status";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

std::string response_head(const HttpResponse& response, AfterResponse after) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(reason_phrase(response.status)).append("\r\n");
  if (response.status != 204 && response.status != 304) {
    append_header(head, "content-type", response.content_type);
    append_header(head, "content-length", std::to_string(response.body.size()));
  }
  for (const auto& [name, value] : response.headers) {
    append_header(head, name, value);
  }
  if (after == AfterResponse::Close) {
    append_header(head, "connection", "close");
  }
  head.append("\r\n");
  return head;
}

HttpResponse error_response(std::uint16_t status, const Error& error) {
  nlohmann::json body;
  body["error"] = {{"code", static_cast<int>(error.code)},
                   {"name", std::string(error_code_name(error.code))},
                   {"message", error.message},
                   {"temporary", is_temporary(error.code)}};
  HttpResponse response;
  response.status = status;
  if (status == 503) {
    response.headers.emplace_back("retry-after", "1");
  }
  // Replacing, not throwing: a message may quote bytes of the request that are not UTF-8.
  response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return response;
}

}  // namespace tidegate::net
