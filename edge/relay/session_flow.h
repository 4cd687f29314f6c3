// A connection's life: hello, verification of its token, commands, heartbeats, expiry, end. What a
// client says is judged here; what channels and publishes then do is theirs.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "edge/relay/channel_hub.h"
#include "edge/relay/claims_table.h"
#include "edge/relay/connection_writer.h"
#include "edge/relay/deadline_queue.h"
#include "edge/relay/publish_flow.h"

namespace tidegate::relay {

class SessionFlow {
 public:
  SessionFlow(ShardContext& context, SessionTable& sessions, ConnectionWriter& writer,
              ChannelHub& hub, PublishFlow& publishes)
      : context_(context),
        sessions_(sessions),
        writer_(writer),
        hub_(hub),
        publishes_(publishes),
        claims_(context.options.incarnation) {}

  std::optional<Instant> deadline() const { return deadlines_.next(); }

  ConnectionHandle handle_connected(Now now, Encoding encoding);
  void handle_message(Now now, ConnectionHandle connection, ByteView message);
  void handle_disconnected(Now now, ConnectionHandle connection);
  void handle_token_result(Now now, EffectId id, Result<ClaimsPtr> result);
  void handle_timeout(Now now);
  void drain(Duration window, std::uint64_t seed);

  /// Carries out one disconnect: the frame, the close, and forgets the session. False: there is
  /// none.
  bool end_one(Now now);

 private:
  // session_flow.cc: connecting
  void handle_hello(Now now, std::uint32_t slot, ByteView message);
  void refuse_token(std::uint32_t slot, const Error& error);
  void activate(Now now, std::uint32_t slot, ClaimsPtr claims);
  void forget(Now now, std::uint32_t slot);
  /// The only way to end a session from here: nobody waits for its token any more.
  void end(std::uint32_t slot, DisconnectCode code, std::string message,
           std::uint32_t retry_after_ms = 0);
  void stop_verifying(std::uint32_t slot);
  void schedule(Now now, std::uint32_t slot);
  void check_active(Now now, std::uint32_t slot);

  // session_commands.cc: what an active session may say
  void handle_frames(Now now, std::uint32_t slot, MessageDecoder decoder);
  void handle_frame(Now now, std::uint32_t slot, Frame frame);
  void handle_subscribe(Now now, std::uint32_t slot, const SubscribeFrame& frame);
  Status subscribe(Now now, std::uint32_t slot, const SubscribeFrame& frame);
  Result<ViewProgram> program_of(const SubscribeFrame& frame, const Claims& claims,
                                 const Namespace& rules) const;
  Status check_subscribe(const RelaySession& session, const SubscribeFrame& frame,
                         const Namespace* rules) const;
  void handle_unsubscribe(Now now, std::uint32_t slot, const UnsubscribeFrame& frame);
  void end_malformed(std::uint32_t slot, const Error& error);

  ShardContext& context_;
  SessionTable& sessions_;
  ConnectionWriter& writer_;
  ChannelHub& hub_;
  PublishFlow& publishes_;
  ClaimsTable claims_;
  DeadlineQueue deadlines_;
  std::map<EffectId, ConnectionHandle> verifying_;
  bool draining_ = false;
};

}  // namespace tidegate::relay
