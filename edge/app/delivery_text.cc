#include "edge/app/delivery_text.h"

#include "core/base/base64.h"
#include "edge/app/log.h"

namespace tidegate::app {
namespace {

/// In JSON a line only ends between values, so a space may stand there instead.
std::string on_one_line(std::string_view json) {
  std::string line(json);
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return line;
}

std::string payload_text(const BlockRow& row) {
  if (row.payload_kind == PayloadKind::Json) return on_one_line(as_text(row.payload));
  return encode_base64(row.payload, Base64::Standard);
}

}  // namespace

std::string delivery_json(std::string_view channel, const Epoch& epoch, const BlockRow& row,
                          std::string_view event) {
  std::string line =
      "{\"channel\":" + json_quoted(channel) + ",\"epoch\":" + json_quoted(epoch.token()) +
      ",\"offset\":\"" + std::to_string(row.offset.value) +
      "\",\"time\":" + std::to_string(wall_ms(row.time)) + ",\"event\":" + json_quoted(event) +
      ",\"event_id\":" + json_quoted(row.event_id);
  if (row.operation != Operation::Append) {
    line += ",\"operation\":\"";
    line += row.operation == Operation::Delete ? "delete" : "set";
    line += "\",\"key\":" + json_quoted(row.key);
  }
  const bool binary = row.payload_kind == PayloadKind::Binary;
  return line + (binary ? ",\"data_base64\":\"" + payload_text(row) + "\"}"
                        : ",\"data\":" + payload_text(row) + "}");
}

std::string delivery_line(std::string_view channel, const Epoch& epoch, const BlockRow& row,
                          std::string_view event) {
  const std::string key = row.key.empty() ? std::string() : " " + std::string(row.key);
  const bool is_gone = row.operation == Operation::Delete;
  return std::string(channel) + " " + epoch.token() + ":" + std::to_string(row.offset.value) + " " +
         (event.empty() ? std::string("-") : std::string(event)) + key + " " +
         (is_gone ? "(deleted)" : payload_text(row));
}

std::string removal_json(std::string_view channel, const Epoch& epoch, std::string_view key) {
  return "{\"channel\":" + json_quoted(channel) + ",\"epoch\":" + json_quoted(epoch.token()) +
         ",\"operation\":\"delete\",\"key\":" + json_quoted(key) + "}";
}

std::string removal_line(std::string_view channel, const Epoch& epoch, std::string_view key) {
  return std::string(channel) + " " + epoch.token() + " - " + std::string(key) + " (deleted)";
}

std::string_view client_state_name(ClientState state) {
  switch (state) {
    case ClientState::Disconnected:
      return "disconnected";
    case ClientState::Connecting:
      return "connecting";
    case ClientState::Live:
      return "live";
    case ClientState::Reconnecting:
      return "reconnecting";
    case ClientState::Offline:
      return "offline";
    case ClientState::Failed:
      return "failed";
  }
  return "";
}

std::string state_line(const StateChanged& change) {
  std::string line(client_state_name(change.state));
  if (!change.message.empty()) line += ": " + change.message;
  if (change.code != 0) line += " (" + std::to_string(change.code) + ")";
  if (change.retry_in_ms != 0) line += ", again in " + std::to_string(change.retry_in_ms) + " ms";
  return line;
}

std::string error_line(const Error& error) {
  return std::string(error_code_name(error.code)) + ": " + error.message;
}

}  // namespace tidegate::app
