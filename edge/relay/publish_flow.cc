#include "edge/relay/publish_flow.h"

#include <memory>
#include <utility>

#include "core/merge/shallow_merge.h"
#include "edge/relay/publish_record.h"
#include "edge/relay/thin_event.h"

namespace tidegate::relay {
namespace {

Error unsupported(std::string message) {
  return Error{ErrorCode::Unsupported, std::move(message), 0};
}

/// What the kind of the channel offers.
Status check_kind(const PublicationDraft& draft, ChannelKind kind) {
  const bool appends = draft.operation == Operation::Append;
  if (kind == ChannelKind::State) {
    return appends ? Status(unsupported("this is a state channel: set, merge or delete a record"))
                   : ok_status();
  }
  if (!appends || draft.if_version.has_value()) {
    return unsupported(
        "set, merge, delete and if_version are for state channels (kind = \"state\" in the "
        "[[namespace]]); this channel is only appended to");
  }
  return ok_status();
}

Status check_draft(const PublicationDraft& draft, const Namespace& rules) {
  if (Status kind = check_kind(draft, rules.kind); !kind.ok()) {
    return kind;
  }
  Status status = tidegate::check_draft(draft);
  if (status.ok() && !rules.thin.empty()) {
    status = check_thin(draft);
  }
  if (!status.ok() || draft.operation != Operation::Merge) {
    return status;
  }
  return check_merge(as_text(draft.payload));
}

}  // namespace

Status PublishFlow::check_outside(const PublishRequest& request, const Namespace& rules) {
  if (rules.publish == PublishRight::Relay) {
    return Error{ErrorCode::Forbidden,
                 "nobody publishes to " + request.channel.str() + ": it is the relay's own", 0};
  }
  return check_draft(request.draft, rules);
}

Status PublishFlow::check_room() const {
  if (waiting_.size() >= limits::publishes_in_flight_per_shard_max) {
    return Error{ErrorCode::Busy,
                 "too many publishes are in flight (publishes_in_flight_per_shard_max); repeat a "
                 "little later",
                 static_cast<std::uint32_t>(100)};
  }
  return ok_status();
}

Status PublishFlow::check(const RelaySession& session, const PublishFrame& frame) const {
  const Claims& claims = *std::get_if<Active>(&session.state)->claims;
  const Namespace* rules = context_.config().namespace_of(frame.channel);
  if (rules == nullptr) {
    return unknown_namespace(frame.channel);
  }
  if (rules->publish != PublishRight::Capability) {
    return Error{ErrorCode::Forbidden, "only servers publish to " + frame.channel.str(), 0};
  }
  if (!allows(claims.capabilities, Action::Publish, frame.channel)) {
    return Error{ErrorCode::Forbidden,
                 "the token does not allow publishing to " + frame.channel.str(), 0};
  }
  if (Status draft = check_draft(frame.draft, *rules); !draft.ok()) {
    return draft;
  }
  if (session.publishes_in_flight >= limits::publishes_in_flight_per_connection_kill) {
    return Error{ErrorCode::Busy,
                 "this connection has too many publishes in flight "
                 "(publishes_in_flight_per_connection_kill)",
                 static_cast<std::uint32_t>(100)};
  }
  return check_room();
}

void PublishFlow::handle_frame(Now now, std::uint32_t slot, PublishFrame frame) {
  RelaySession& session = sessions_.at(slot);
  if (const Status status = check(session, frame); !status.ok()) {
    refuse(slot, frame.request, status.error());
    return;
  }
  const Active& active = *std::get_if<Active>(&session.state);
  ++session.publishes_in_flight;
  const bool may_read =
      allows(active.claims->capabilities, Action::Subscribe, frame.channel) &&
      redaction_of(*context_.config().namespace_of(frame.channel), *active.claims) == nullptr;
  submit(now, FromConnection{sessions_.handle_of(slot), frame.request, may_read},
         active.claims->tenant, frame.channel, client_producer(*active.claims, active.session_id),
         std::move(frame.draft));
  writer_.update_reading(slot);
}

void PublishFlow::handle_request(Now now, PublishRequest request) {
  const Namespace* rules = context_.config().namespace_of(request.channel);
  Status status = rules == nullptr ? Status(unknown_namespace(request.channel))
                                   : check_outside(request, *rules);
  if (status.ok()) {
    status = check_room();
  }
  if (!status.ok()) {
    ++context_.counters.publishes_refused;
    context_.emit(PublishAnswer{request.ticket, status.error()});
    return;
  }
  submit(now, FromOutside{request.ticket}, request.tenant, request.channel,
         server_producer(request.tenant, request.producer), std::move(request.draft));
}

void PublishFlow::submit(Now now, Publisher publisher, const std::string& tenant,
                         const ChannelName& channel, std::string producer, PublicationDraft draft) {
  const PublishTicket ticket{++tickets_given_, 0};
  waiting_.emplace(ticket.id, std::move(publisher));
  auto key = std::make_shared<const ChannelKey>(ChannelKey{tenant, channel});
  const std::uint16_t owner = RelayShard::owner_of(*key, context_.options.shard_count);
  const Namespace& rules = *context_.config().namespace_of(channel);
  context_.send(owner, PublishSubmit{std::move(key), ticket,
                                     make_record(now.wall, std::move(producer), std::move(draft),
                                                 rules.records, rules.thin)});
}

void PublishFlow::handle_settled(const PublishSettled& settled) {
  const auto found = waiting_.find(settled.ticket.id);
  if (found == waiting_.end()) {
    return;
  }
  const Publisher publisher = std::move(found->second);
  waiting_.erase(found);
  if (const auto* outside = std::get_if<FromOutside>(&publisher)) {
    context_.emit(PublishAnswer{outside->ticket, settled.result});
    return;
  }
  const auto& inside = *std::get_if<FromConnection>(&publisher);
  RelaySession* session = sessions_.find(inside.connection);
  if (session == nullptr) {
    return;
  }
  --session->publishes_in_flight;
  say_result(inside, settled.result);
}

void PublishFlow::say_result(const FromConnection& publisher, const PublishResult& result) {
  const std::uint32_t slot = publisher.connection.slot;
  const RequestId request = publisher.request;
  if (result.ok()) {
    writer_.say(slot, PublishAckFrame{request, result->outcome, result->position});
    return;
  }
  const Error& error = result.error();
  if (error.current == nullptr || !publisher.may_read) {
    writer_.say(slot, RefusedFrame{request, error});
    return;
  }
  const ByteView payload = as_bytes(error.current->payload);
  PublishConflictFrame frame;
  frame.request = request;
  frame.version = Offset{error.current->version};
  frame.payload_kind = error.current->is_binary ? PayloadKind::Binary : PayloadKind::Json;
  frame.payload.assign(payload.begin(), payload.end());
  writer_.say(slot, frame);
}

void PublishFlow::refuse(std::uint32_t slot, RequestId request, const Error& error) {
  ++context_.counters.publishes_refused;
  writer_.say(slot, RefusedFrame{request, error});
}

}  // namespace tidegate::relay
