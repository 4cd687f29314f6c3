// ClientSession: the whole client, without I/O. It contains no networking, no clock and no entropy:
// bytes, commands and `now` go in; bytes, events, effects and the next deadline come out. The
// browser SDK, the command line and the simulator are three shells around this one class.
//
// Four kinds of method and no others: getters; handle_* (the world speaks); commands (the
// application speaks); poll_* (the session speaks). After every call of the second and third kind,
// poll until empty in this order: poll_effect, poll_transmit, poll_event; then arm one timer for
// poll_timeout.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "core/client/client_options.h"
#include "core/client/client_stats.h"
#include "core/client/event.h"
#include "core/client/record_store.h"
#include "core/client/row_table.h"
#include "core/stream/publication.h"

namespace tidegate {

class ClientSession {
 public:
  explicit ClientSession(const ClientOptions& options);
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // ---- getters
  ClientState state() const;
  const ClientStats& stats() const;
  /// Commands not yet acknowledged.
  std::size_t outbox_size() const;
  std::optional<StreamPosition> position(SubscriptionId subscription) const;
  std::size_t subscription_count() const;
  /// A state channel's record as it is; a view until the next call of another kind.
  std::optional<RecordView> record(SubscriptionId subscription, std::string_view key) const;
  /// The first with a key above `key`, in the order of their bytes; above an empty one: the first.
  std::optional<RecordView> next_record(SubscriptionId subscription, std::string_view key) const;
  std::size_t record_count(SubscriptionId subscription) const;

  // ---- the world speaks
  void handle_open(Now now, ConnectionId connection);
  /// One complete binary message. Events about it refer to `message`: it must stay as it is until
  /// they are polled.
  void handle_message(Now now, ConnectionId connection, ByteView message);
  /// The socket is gone. `code` is the WebSocket close code, 1006 when there was none.
  void handle_close(Now now, ConnectionId connection, std::uint16_t code, std::string_view reason);
  void handle_timeout(Now now);
  void handle_token(Now now, std::uint32_t fetch, std::string_view token);
  /// `permanent`: the application says that this user has no token; the session ends as Failed.
  void handle_token_failure(Now now, std::uint32_t fetch, std::string_view message, bool permanent);
  /// The platform says that the network came or went. Online means: try now, with a little jitter.
  void handle_network(Now now, bool online);
  /// The page or machine woke up: probes a connection that may be dead, or reconnects at once.
  void handle_resume(Now now);

  // ---- the application speaks
  void connect(Now now);
  void disconnect(Now now);
  void set_token(Now now, std::string_view token);
  /// The same channel and filter give the same id, reference-counted: two components, one
  /// subscription. Who shares one joins where it is; `since` and `history` count for the first. Who
  /// comes while it only lingers and asks for what it has already delivered to nobody gets a new
  /// one.
  Result<SubscriptionId> subscribe(Now now, const ChannelName& channel,
                                   const SubscribeOptions& options);
  /// The last release sends the unsubscribe only after `unsubscribe_linger`, so that a component
  /// that is unmounted and mounted again costs nothing. NotFound when it has ended or was released
  /// before.
  Status unsubscribe(Now now, SubscriptionId subscription);
  /// Queued while not connected, resent after a reconnect with the same key until acknowledged.
  /// Refused while the state is Failed, which also ends every publish that was waiting.
  Result<RequestId> publish(Now now, const ChannelName& channel, PublicationDraft draft);
  /// A window of event ids for one listener on several channels.
  Result<ListenerId> add_listener();
  void remove_listener(ListenerId listener);
  /// False when this listener has already seen the id. An empty id is always admitted.
  bool admit(ListenerId listener, std::string_view event_id);

  // ---- the session speaks
  std::optional<Effect> poll_effect();
  /// One complete binary message for the current connection.
  std::optional<Bytes> poll_transmit(Now now);
  std::optional<Event> poll_event();
  std::optional<Instant> poll_timeout() const;

  std::span<const RowEntry> row_table() const;
  ByteView source_bytes(std::uint32_t source) const;

 private:
  class Parts;  // SessionState, SubscriptionRegistry, Outbox, Batcher, Backoff, Heartbeat,
                // TimerTable
  std::unique_ptr<Parts> parts_;
};

}  // namespace tidegate
