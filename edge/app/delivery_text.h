// How a client in the terminal prints what it is told: one line for each thing.
#pragma once

#include <string>
#include <string_view>

#include "core/client/delivered_row.h"
#include "core/client/event.h"

namespace tidegate::app {

/// {"channel":…,"epoch":…,"offset":"7","time":…,"event":…,"event_id":…,"data":…}. The payload
/// stands in it as it was published; bytes stand as "data_base64". `time` is in milliseconds since
/// 1970. Of a state channel also "operation" (set: the whole record, or delete) and "key".
std::string delivery_json(std::string_view channel, const Epoch& epoch, const BlockRow& row,
                          std::string_view event);
/// "airport:SFO:departures q8Zk0v3hT1c:7 flight.departed {…}"
std::string delivery_line(std::string_view channel, const Epoch& epoch, const BlockRow& row,
                          std::string_view event);

/// The same for a record that is gone, nobody knows since when.
std::string removal_json(std::string_view channel, const Epoch& epoch, std::string_view key);
std::string removal_line(std::string_view channel, const Epoch& epoch, std::string_view key);

std::string_view client_state_name(ClientState state);
/// "reconnecting: connection refused (1006), again in 500 ms"
std::string state_line(const StateChanged& change);
std::string error_line(const Error& error);

}  // namespace tidegate::app
