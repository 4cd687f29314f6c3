// How answers look over HTTP: which status stands for which error, and the one form of an error's
// body.
#pragma once

#include <nlohmann/json.hpp>

#include "edge/net/http.h"

namespace tidegate::app {

std::uint16_t http_status_of(ErrorCode code);

/// {"code":306,"name":"epoch_mismatch","message":"…","temporary":false}, for within other answers.
nlohmann::json error_json(const Error& error);
/// {"error":{…}} with the status of the code, and Retry-After where waiting helps.
net::HttpResponse error_answer(const Error& error);
net::HttpResponse error_answer(std::uint16_t status, const Error& error);

net::HttpResponse json_answer(const nlohmann::json& body);
net::HttpResponse text_answer(std::string text, std::string content_type);

}  // namespace tidegate::app
