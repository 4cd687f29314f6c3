// How answers look over HTTP: which status stands for which error, and the one form of an error's
// body.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "edge/net/http.h"

namespace tidegate::app {

std::uint16_t http_status_of(ErrorCode code);

/// {"code":306,"name":"epoch_mismatch","message":"…","temporary":false}, for within other answers.
/// A text, since the record of a conflict stands in it as it was published.
std::string error_json(const Error& error);
/// {"error":{…}} with the status of the code, and Retry-After where waiting helps.
net::HttpResponse error_answer(const Error& error);
net::HttpResponse error_answer(std::uint16_t status, const Error& error);

/// The text of what has no payload in it.
std::string json_text(const nlohmann::json& value);
net::HttpResponse json_answer(std::string text);
net::HttpResponse text_answer(std::string text, std::string content_type);

}  // namespace tidegate::app
