// The body of POST /v1/publish: one message, or {"messages": […]} with several.
//
//   {"channel": "airport:SFO:departures", "event": "flight.departed", "eventId": "42", "key": "…",
//    "ifEpoch": "…", "data": any JSON, or "dataBase64": "any bytes"}
#pragma once

#include <string_view>
#include <vector>

#include "core/stream/publication.h"

namespace tidegate::app {

struct PublishMessage {
  ChannelName channel;
  PublicationDraft draft;
};

struct PublishBody {
  bool is_batch = false;
  /// One for each message, in order; a message that is wrong says so in its own place.
  std::vector<Result<PublishMessage>> messages;
};

/// An error when the body as a whole cannot be read: InvalidPayload (not JSON), BadRequest (not of
/// this form), LimitExceeded (too many messages). `idempotency_key` is the header's: a single
/// message takes it as it is, those of a batch with "#" and their number behind it.
Result<PublishBody> parse_publish_body(std::string_view body, std::string_view idempotency_key);

}  // namespace tidegate::app
