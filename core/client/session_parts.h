// The rooms behind ClientSession's façade and the corridor between them. Parts do not know one
// another; what one of them learns and another has to act on passes through here: a message's
// frames are given to whom they concern, the end of a connection is told to all, and every call
// ends by reading the parts' deadlines into the timer table.
#pragma once

#include <optional>
#include <string>

#include "core/client/client_session.h"
#include "core/client/connector.h"
#include "core/client/heartbeat.h"
#include "core/client/listener_windows.h"
#include "core/client/outbox.h"
#include "core/client/row_delivery.h"
#include "core/client/session_output.h"
#include "core/client/subscription_registry.h"
#include "core/client/timer_table.h"
#include "core/protocol/frame.h"

namespace tidegate {

class ClientSession::Parts {
 public:
  explicit Parts(const ClientOptions& options);

  void handle_open(Now now, ConnectionId connection);
  void handle_message(Now now, ConnectionId connection, ByteView message);
  void handle_timeout(Now now);
  void handle_network(Now now, bool online);
  void handle_resume(Now now);
  /// Refused while the session is Failed: nothing would send it.
  Result<RequestId> publish(Now now, const ChannelName& channel, PublicationDraft draft);
  std::optional<Bytes> poll_transmit(Now now);
  /// nullptr when it is of no state channel, or not known to be one.
  const RecordStore* records_of(SubscriptionId id) const;
  /// Ends every call that may have changed anything.
  void settle();

  SessionOutput output;
  Connector connector;
  Heartbeat heartbeat;
  SubscriptionRegistry subscriptions;
  Outbox outbox;
  RowDelivery delivery;
  ListenerWindows listeners;
  TimerTable timers;

 private:
  /// An error means that the relay broke the protocol: the connection is given up with this code.
  struct Violation {
    DisconnectCode code = DisconnectCode::UnexpectedFrame;
    std::string message;
  };
  using Verdict = std::optional<Violation>;

  Verdict handle_frames(Now now, ByteView message);
  Verdict handle_frame(Now now, const Frame& frame);
  Verdict handle_live_frame(Now now, const Frame& frame);
  Verdict handle_welcome(Now now, const WelcomeFrame& welcome);
  void handle_ping(Now now, const PingFrame& ping);
  void handle_refused(Now now, const RefusedFrame& refused);
  void handle_block(Now now, const BlockFrame& frame);
  /// False when the subscription has ended by it.
  bool handle_records(Now now, Subscription& subscription, const BlockFrame& frame, Offset from);
  void probe(Now now);

  RecordChanges changes_;                      // of the block at hand, kept for its memory
  ConnectionId greeted_ = ConnectionId::None;  // the connection that hello was sent on
};

}  // namespace tidegate
