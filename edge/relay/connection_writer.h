// What each session is to be told: control frames, and its place in the queue of those that have
// something of their own to send. Nothing is handed to a socket here; FanOut does that when it is
// polled, so that a connection which turns out to be blocked gets nothing more.
//
// Control frames wait in the session, bounded: over one limit the relay stops reading from the
// connection, whose commands cause them; over another it ends it.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "edge/relay/session_table.h"
#include "edge/relay/shard_context.h"

namespace tidegate::relay {

class ConnectionWriter {
 public:
  ConnectionWriter(ShardContext& context, SessionTable& sessions)
      : context_(context), sessions_(sessions) {}

  template <typename ControlFrame>
  void say(std::uint32_t slot, const ControlFrame& frame) {
    RelaySession& session = sessions_.at(slot);
    if (std::holds_alternative<Ending>(session.state)) {
      return;
    }
    append_frame(session.encoding, frame, session.control);
    note_control(slot, session);
  }

  /// Ends the session, once. The frame and the close follow at the next poll.
  void disconnect(std::uint32_t slot, DisconnectCode code, std::string message,
                  std::uint32_t retry_after_ms = 0);

  /// The subscription has something to be sent that is not shared.
  void mark(std::uint32_t slot, std::uint32_t subscription);
  /// Look at all its subscriptions.
  void mark_all(std::uint32_t slot);
  void handle_blocked(std::uint32_t slot);
  void handle_writable(std::uint32_t slot);
  /// Stops or resumes reading, after what is waiting for the connection has changed.
  void update_reading(std::uint32_t slot);

  // ---- polled by FanOut and RelayShard
  bool has_queued() const { return !queued_.empty(); }
  /// The next queued session, without taking it out.
  std::optional<std::uint32_t> front();
  void pop_front() { queued_.pop_front(); }
  std::optional<std::uint32_t> poll_ending();

 private:
  void note_control(std::uint32_t slot, RelaySession& session);
  void queue(std::uint32_t slot, RelaySession& session);

  ShardContext& context_;
  SessionTable& sessions_;
  std::deque<std::uint32_t> queued_;
  std::deque<ConnectionHandle> ending_;
};

/// For logs at both ends.
std::string connection_name(const ShardOptions& options, ConnectionHandle handle);

}  // namespace tidegate::relay
