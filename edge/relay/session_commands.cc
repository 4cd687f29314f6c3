// What an active session may say. A command that cannot be carried out is refused and the
// connection goes on; bytes that are not a message of the protocol, or a frame that a client may
// not send, end it.
#include <memory>
#include <utility>

#include "edge/relay/channel_directory.h"
#include "edge/relay/session_flow.h"

namespace tidegate::relay {

void SessionFlow::end_malformed(std::uint32_t slot, const Error& error) {
  end(slot, DisconnectCode::MalformedFrame, error.message);
}

void SessionFlow::handle_frames(Now now, std::uint32_t slot, MessageDecoder decoder) {
  while (std::optional<Result<Frame>> next = decoder.next()) {
    if (!next->ok()) {
      end_malformed(slot, next->error());
      return;
    }
    handle_frame(now, slot, std::move(*next).value());
    if (!std::holds_alternative<Active>(sessions_.at(slot).state)) {
      return;
    }
  }
}

void SessionFlow::handle_frame(Now now, std::uint32_t slot, Frame frame) {
  if (const auto* subscribe = std::get_if<SubscribeFrame>(&frame)) {
    handle_subscribe(now, slot, *subscribe);
  } else if (const auto* unsubscribe = std::get_if<UnsubscribeFrame>(&frame)) {
    handle_unsubscribe(now, slot, *unsubscribe);
  } else if (auto* publish = std::get_if<PublishFrame>(&frame)) {
    publishes_.handle_frame(now, slot, std::move(*publish));
  } else if (const auto* ping = std::get_if<PingFrame>(&frame)) {
    writer_.say(slot, PongFrame{ping->nonce});
  } else if (const auto* invalid = std::get_if<InvalidCommand>(&frame)) {
    writer_.say(slot, RefusedFrame{invalid->request, invalid->error});
  } else if (!std::holds_alternative<PongFrame>(frame)) {
    end(slot, DisconnectCode::UnexpectedFrame, "a client may not send this frame now");
  }
}

Status SessionFlow::check_subscribe(const RelaySession& session, const SubscribeFrame& frame,
                                    const Namespace* rules) const {
  if (rules == nullptr) {
    return unknown_namespace(frame.channel);
  }
  if (frame.channel.is_directory()) {
    return ok_status();  // its filter says what is asked for
  }
  const Claims& claims = *std::get_if<Active>(&session.state)->claims;
  if (!allows(claims.capabilities, Action::Subscribe, frame.channel)) {
    return Error{ErrorCode::Forbidden,
                 "the token does not allow subscribing to " + frame.channel.str(), 0};
  }
  return ok_status();
}

Result<ViewProgram> SessionFlow::program_of(const SubscribeFrame& frame, const Claims& claims,
                                            const Namespace& rules) const {
  ViewProgram program;
  program.redaction = redaction_of(rules, claims);
  program.filter_is_a_right = frame.channel.is_directory();
  const Result<std::string> text = program.filter_is_a_right
                                       ? directory_filter(frame.filter, claims, context_.config())
                                       : Result<std::string>(frame.filter);
  if (!text.ok()) {
    return text.error();
  }
  if (!text->empty()) {
    Result<Filter> filter = Filter::parse(*text);
    if (!filter.ok()) {
      return filter.error();
    }
    program.filter = std::make_shared<const Filter>(std::move(*filter));
  }
  return program;
}

void SessionFlow::handle_subscribe(Now now, std::uint32_t slot, const SubscribeFrame& frame) {
  if (const Status status = subscribe(now, slot, frame); !status.ok()) {
    ++context_.counters.subscriptions_refused;
    writer_.say(slot, RefusedFrame{frame.request, status.error()});
  }
}

Status SessionFlow::subscribe(Now now, std::uint32_t slot, const SubscribeFrame& frame) {
  const RelaySession& session = sessions_.at(slot);
  const Namespace* rules = context_.config().namespace_of(frame.channel);
  if (Status status = check_subscribe(session, frame, rules); !status.ok()) {
    return status;
  }
  const Claims& claims = *std::get_if<Active>(&session.state)->claims;
  const Result<ViewProgram> program = program_of(frame, claims, *rules);
  if (!program.ok()) {
    return program.error();
  }
  const auto key = std::make_shared<const ChannelKey>(ChannelKey{claims.tenant, frame.channel});
  const std::size_t subscriptions_max = context_.config().subscriptions_per_connection_max;
  if (session.subscriptions.size() >= subscriptions_max &&
      !hub_.is_subscribed(slot, *key, *program)) {
    return Error{ErrorCode::LimitExceeded,
                 "a connection may have " + std::to_string(subscriptions_max) +
                     " subscriptions (subscriptions_per_connection_max)",
                 0};
  }
  return hub_.subscribe(now, slot, SubscribeOrder{key, *rules, *program, frame});
}

void SessionFlow::handle_unsubscribe(Now now, std::uint32_t slot, const UnsubscribeFrame& frame) {
  if (frame.stream == StreamId::None || !hub_.unsubscribe(now, slot, frame.stream)) {
    writer_.say(slot,
                RefusedFrame{frame.request,
                             Error{ErrorCode::NotFound,
                                   "this connection has no subscription with that stream id", 0}});
    return;
  }
  writer_.say(slot, UnsubscribedFrame{frame.request, frame.stream,
                                      static_cast<std::uint16_t>(UnsubscribeCode::ByClient), ""});
}

}  // namespace tidegate::relay
