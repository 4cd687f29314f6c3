#include "edge/app/read_route.h"

#include "core/base/base64.h"
#include "core/base/limits.h"
#include "edge/app/http_answers.h"
#include "edge/app/json_slices.h"
#include "edge/app/log.h"
#include "edge/app/position_text.h"
#include "edge/app/quantity.h"

namespace tidegate::app {
namespace {

constexpr std::string_view kPrefix = "/v1/channels/";
constexpr std::string_view kHistory = "/history";
constexpr std::string_view kSnapshot = "/snapshot";
constexpr std::uint32_t kLimitDefault = 100;

Error bad_request(std::string message) {
  return Error{ErrorCode::BadRequest, std::move(message), 0};
}

Result<std::uint32_t> parse_limit(std::string_view text) {
  const auto limit = parse_count(text);
  if (!limit.has_value() || *limit < 1 || *limit > limits::read_rows_max) {
    return bad_request("limit must be 1 to " + std::to_string(limits::read_rows_max));
  }
  return static_cast<std::uint32_t>(*limit);
}

Result<relay::HistoryRange> parse_history(const std::vector<std::string>& query) {
  relay::HistoryRange range{std::nullopt, kLimitDefault};
  for (const std::string_view part : query) {
    if (part.starts_with("since=")) {
      auto since = parse_position(part.substr(6), "since");
      if (!since) return since.error();
      range.since = std::move(since).value();
    } else if (part.starts_with("limit=")) {
      const auto limit = parse_limit(part.substr(6));
      if (!limit) return limit.error();
      range.limit = *limit;
    } else {
      return bad_request("history takes since and limit, and not \"" + std::string(part) + "\"");
    }
  }
  return range;
}

Result<relay::RecordsRange> parse_records(const std::vector<std::string>& query) {
  relay::RecordsRange range{"", kLimitDefault};
  for (const std::string_view part : query) {
    if (part.starts_with("after=")) {
      range.after_key = part.substr(6);
    } else if (part.starts_with("limit=")) {
      const auto limit = parse_limit(part.substr(6));
      if (!limit) return limit.error();
      range.limit = *limit;
    } else {
      return bad_request("snapshot takes after and limit, and not \"" + std::string(part) + "\"");
    }
  }
  return range;
}

// ---- answers: as text, so that every payload stays byte for byte what was published

/// A merge as POST /v1/publish takes it: `data` and `unset`.
std::string merge_members(const Publication& publication) {
  std::string text;
  const auto members = json_members(as_text(publication.payload));
  for (const JsonMember& member : members.value_or(std::vector<JsonMember>())) {
    text += member.name == "set" ? ",\"data\":" : ",\"unset\":";
    text += member.value;
  }
  return text;
}

std::string data_member(const Publication& publication) {
  if (publication.operation == Operation::Delete) return "";
  if (publication.operation == Operation::Merge) return merge_members(publication);
  if (publication.payload_kind == PayloadKind::Json) {
    return ",\"data\":" + std::string(as_text(publication.payload));
  }
  return ",\"dataBase64\":\"" + encode_base64(publication.payload, Base64::Standard) + "\"";
}

std::string_view operation_word(Operation operation) {
  switch (operation) {
    case Operation::Append:
      return "append";
    case Operation::Set:
      return "set";
    case Operation::Merge:
      return "merge";
    case Operation::Delete:
      return "delete";
  }
  return "";
}

std::string publication_json(const relay::ReadRow& row) {
  const Publication& publication = *row.publication;
  std::string text = "{\"offset\":\"" + std::to_string(row.offset.value) +
                     "\",\"time\":" + std::to_string(wall_ms(publication.time));
  if (!publication.event.empty()) text += ",\"event\":" + json_quoted(publication.event);
  if (!publication.event_id.empty()) text += ",\"eventId\":" + json_quoted(publication.event_id);
  if (publication.operation != Operation::Append) {
    text += ",\"operation\":\"" + std::string(operation_word(publication.operation)) +
            "\",\"key\":" + json_quoted(publication.key);
  }
  return text + data_member(publication) + "}";
}

std::string record_json(const relay::ReadRow& row) {
  return "{\"key\":" + json_quoted(row.publication->key) + ",\"version\":\"" +
         std::to_string(row.offset.value) +
         "\",\"time\":" + std::to_string(wall_ms(row.publication->time)) +
         data_member(*row.publication) + "}";
}

std::string rows_json(const relay::ReadPage& page, std::string (*row_json)(const relay::ReadRow&)) {
  std::string text = "[";
  for (const relay::ReadRow& row : page.rows) {
    if (text.size() > 1) text += ',';
    text += row_json(row);
  }
  return text + "]";
}

std::string history_json(const relay::ReadPage& page, const std::string& head) {
  return head + ",\"from\":\"" + std::to_string(page.from.value) + "\",\"to\":\"" +
         std::to_string(page.to.value) + "\",\"top\":\"" + std::to_string(page.top.value) +
         "\",\"more\":" + (page.more ? "true" : "false") +
         ",\"publications\":" + rows_json(page, publication_json) + "}";
}

std::string snapshot_json(const relay::ReadPage& page, const std::string& head) {
  return head + ",\"offset\":\"" + std::to_string(page.to.value) +
         "\",\"more\":" + (page.more ? "true" : "false") +
         ",\"records\":" + rows_json(page, record_json) + "}";
}

net::HttpResponse page_answer(const relay::ReadResult& result, const ChannelName& channel,
                              bool of_records) {
  if (!result) return error_answer(result.error());
  const std::string head = "{\"channel\":" + json_quoted(channel.view()) +
                           ",\"epoch\":" + json_quoted(result->epoch.token());
  net::HttpResponse response;
  response.body = of_records ? snapshot_json(*result, head) : history_json(*result, head);
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

std::string_view channel_part(std::string_view path) {
  path.remove_prefix(kPrefix.size());
  return path.substr(0, path.rfind('/'));
}

}  // namespace

bool ReadRoute::matches(std::string_view path) {
  if (!path.starts_with(kPrefix)) return false;
  const std::string_view rest = path.substr(kPrefix.size());
  return rest.ends_with(kHistory) || rest.ends_with(kSnapshot);
}

void ReadRoute::handle(net::WorkerAccess& worker, const net::HttpRequest& request,
                       std::shared_ptr<net::HttpResponder> responder) const {
  const auto refuse = [&](const Error& error) { responder->respond(error_answer(error)); };
  const auto channel = ChannelName::parse(channel_part(request.path));
  if (!channel) return refuse(channel.error());
  auto read = authorized(worker, request, *channel);
  if (!read) return refuse(read.error());
  const bool of_records = request.path.ends_with(kSnapshot);
  if (of_records) {
    auto range = parse_records(request.query);
    if (!range) return refuse(range.error());
    read->range = std::move(range).value();
  } else {
    auto range = parse_history(request.query);
    if (!range) return refuse(range.error());
    read->range = std::move(range).value();
  }
  worker.read(std::move(read).value(),
              [responder, channel = *channel, of_records](const relay::ReadResult& result) {
                responder->respond(page_answer(result, channel, of_records));
              });
}

Result<relay::ReadRequest> ReadRoute::authorized(net::WorkerAccess& worker,
                                                 const net::HttpRequest& request,
                                                 ChannelName channel) const {
  relay::ReadRequest read;
  read.channel = std::move(channel);
  const auto key = keys_.authenticate(request.authorization);
  if (key) {
    read.tenant = (*key)->tenant;
    if ((*key)->covers(read.channel)) return read;
    return Error{
        ErrorCode::Forbidden,
        "the API key \"" + (*key)->name + "\" may not read this channel: its patterns do not match",
        0};
  }
  if (key.error().code == ErrorCode::TokenRequired) {
    return Error{ErrorCode::TokenRequired,
                 "an API key or a token is required: send the header `Authorization: Bearer …`", 0};
  }
  const auto claims = worker.verify_token(auth::bearer_of(request.authorization));
  if (!claims) return claims.error();
  read.tenant = (*claims)->tenant;
  read.claims = *claims;
  if (allows((*claims)->capabilities, Action::History, read.channel)) return read;
  return Error{ErrorCode::Forbidden, "the token does not allow `history` on " + read.channel.str(),
               0};
}

}  // namespace tidegate::app
