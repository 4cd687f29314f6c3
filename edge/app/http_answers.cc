#include "edge/app/http_answers.h"

#include <algorithm>

#include "core/base/base64.h"
#include "core/base/types.h"

namespace tidegate::app {

using nlohmann::json;

std::uint16_t http_status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::TokenExpired:
    case ErrorCode::TokenRequired:
    case ErrorCode::TokenInvalid:
      return 401;
    case ErrorCode::Forbidden:
      return 403;
    case ErrorCode::UnknownNamespace:
    case ErrorCode::NotFound:
      return 404;
    case ErrorCode::EpochMismatch:
    case ErrorCode::IdempotencyConflict:
    case ErrorCode::VersionMismatch:
      return 409;
    case ErrorCode::HistoryExceeded:
      return 410;
    case ErrorCode::PayloadTooLarge:
    case ErrorCode::FrameTooLarge:
      return 413;
    case ErrorCode::LimitExceeded:
      return 422;
    case ErrorCode::RateLimited:
    case ErrorCode::Busy:
    case ErrorCode::QueueFull:
      return 429;
    case ErrorCode::Timeout:
    case ErrorCode::Unavailable:
    case ErrorCode::OutcomeUnknown:
    case ErrorCode::ConnectionLost:
      return 503;
    case ErrorCode::Unsupported:
      return 501;
    case ErrorCode::Internal:
      return 500;
    default:
      return 400;
  }
}

namespace {

/// The record that stood in the way of a condition; null where there is none.
std::string current_json(const CurrentRecord& current) {
  if (current.version == 0) return "null";
  // The version is a string, like every number of 64 bits; the payload is what was published, byte
  // for byte: whoever changes the record on the basis of it must not lose digits.
  const std::string data =
      current.is_binary
          ? "\"dataBase64\":\"" + encode_base64(as_bytes(current.payload), Base64::Standard) + "\""
          : "\"data\":" + current.payload;
  return "{\"version\":\"" + std::to_string(current.version) + "\"," + data + "}";
}

}  // namespace

std::string error_json(const Error& error) {
  std::string text = json_text({{"code", static_cast<int>(error.code)},
                                {"name", error_code_name(error.code)},
                                {"message", error.message},
                                {"temporary", is_temporary(error.code)}});
  if (error.current == nullptr) return text;
  text.back() = ',';
  return text + "\"current\":" + current_json(*error.current) + "}";
}

net::HttpResponse error_answer(const Error& error) {
  return error_answer(http_status_of(error.code), error);
}

net::HttpResponse error_answer(std::uint16_t status, const Error& error) {
  net::HttpResponse response = json_answer("{\"error\":" + error_json(error) + "}");
  response.status = status;
  if (status == 429 || status == 503) {
    const std::uint32_t seconds = std::max<std::uint32_t>(1, (error.retry_after_ms + 999) / 1000);
    response.headers.emplace_back("retry-after", std::to_string(seconds));
  }
  if (status == 401) response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

std::string json_text(const json& value) {
  // Replacing, not throwing: a message may quote bytes of the request that are not UTF-8.
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

net::HttpResponse json_answer(std::string text) {
  net::HttpResponse response;
  response.body = std::move(text);
  return response;
}

net::HttpResponse text_answer(std::string text, std::string content_type) {
  net::HttpResponse response;
  response.content_type = std::move(content_type);
  response.body = std::move(text);
  return response;
}

}  // namespace tidegate::app
