// The façade: each method hands its work to the part that owns it, and settles. See the header.
#include "core/client/client_session.h"

#include <utility>

#include "core/client/session_parts.h"

namespace tidegate {

ClientSession::ClientSession(const ClientOptions& options)
    : parts_(std::make_unique<Parts>(options)) {}

ClientSession::~ClientSession() = default;

// ---- getters

ClientState ClientSession::state() const { return parts_->connector.state(); }
const ClientStats& ClientSession::stats() const { return parts_->output.stats; }
std::size_t ClientSession::outbox_size() const { return parts_->outbox.size(); }
std::size_t ClientSession::subscription_count() const { return parts_->subscriptions.size(); }

std::optional<StreamPosition> ClientSession::position(SubscriptionId subscription) const {
  const Subscription* found = parts_->subscriptions.find(subscription);
  return found != nullptr ? found->cursor.position() : std::nullopt;
}

std::optional<RecordView> ClientSession::record(SubscriptionId subscription,
                                                std::string_view key) const {
  const RecordStore* store = parts_->records_of(subscription);
  return store != nullptr ? store->find(key) : std::nullopt;
}

std::optional<RecordView> ClientSession::next_record(SubscriptionId subscription,
                                                     std::string_view key) const {
  const RecordStore* store = parts_->records_of(subscription);
  return store != nullptr ? store->next_after(key) : std::nullopt;
}

std::size_t ClientSession::record_count(SubscriptionId subscription) const {
  const RecordStore* store = parts_->records_of(subscription);
  return store != nullptr ? store->size() : 0;
}

// ---- the world speaks

void ClientSession::handle_open(Now now, ConnectionId connection) {
  parts_->handle_open(now, connection);
  parts_->settle();
}

void ClientSession::handle_message(Now now, ConnectionId connection, ByteView message) {
  parts_->handle_message(now, connection, message);
  parts_->settle();
}

void ClientSession::handle_close(Now now, ConnectionId connection, std::uint16_t code,
                                 std::string_view reason) {
  parts_->connector.handle_close(now, connection, code, reason);
  parts_->settle();
}

void ClientSession::handle_timeout(Now now) {
  parts_->handle_timeout(now);
  parts_->settle();
}

void ClientSession::handle_token(Now now, std::uint32_t fetch, std::string_view token) {
  parts_->connector.handle_token(now, fetch, token);
  parts_->settle();
}

void ClientSession::handle_token_failure(Now now, std::uint32_t fetch, std::string_view message,
                                         bool permanent) {
  parts_->connector.handle_token_failure(now, fetch, message, permanent);
  parts_->settle();
}

void ClientSession::handle_network(Now now, bool online) {
  parts_->handle_network(now, online);
  parts_->settle();
}

void ClientSession::handle_resume(Now now) {
  parts_->handle_resume(now);
  parts_->settle();
}

// ---- the application speaks

void ClientSession::connect(Now now) {
  parts_->connector.connect(now);
  parts_->settle();
}

void ClientSession::disconnect(Now now) {
  parts_->connector.disconnect(now);
  parts_->settle();
}

void ClientSession::set_token(Now now, std::string_view token) {
  parts_->connector.set_token(now, token);
  parts_->settle();
}

Result<SubscriptionId> ClientSession::subscribe(Now now, const ChannelName& channel,
                                                const SubscribeOptions& options) {
  Result<SubscriptionId> result = parts_->subscriptions.subscribe(now, channel, options);
  parts_->settle();
  return result;
}

Status ClientSession::unsubscribe(Now now, SubscriptionId subscription) {
  Status status = parts_->subscriptions.unsubscribe(now, subscription);
  parts_->settle();
  return status;
}

Result<RequestId> ClientSession::publish(Now now, const ChannelName& channel,
                                         PublicationDraft draft) {
  Result<RequestId> result = parts_->publish(now, channel, std::move(draft));
  parts_->settle();
  return result;
}

Result<ListenerId> ClientSession::add_listener() { return parts_->listeners.add(); }
void ClientSession::remove_listener(ListenerId listener) { parts_->listeners.remove(listener); }
bool ClientSession::admit(ListenerId listener, std::string_view event_id) {
  return parts_->listeners.admit(listener, event_id);
}

// ---- the session speaks

std::optional<Effect> ClientSession::poll_effect() { return parts_->output.effects.pop(); }

std::optional<Bytes> ClientSession::poll_transmit(Now now) {
  std::optional<Bytes> message = parts_->poll_transmit(now);
  parts_->settle();
  return message;
}

std::optional<Event> ClientSession::poll_event() {
  std::optional<Event> event = parts_->output.events.pop();
  if (event && std::holds_alternative<RowsDelivered>(*event)) {
    parts_->delivery.handle_polled();
  }
  return event;
}

std::optional<Instant> ClientSession::poll_timeout() const {
  return parts_->timers.next_deadline();
}

std::span<const RowEntry> ClientSession::row_table() const { return parts_->delivery.rows(); }

ByteView ClientSession::source_bytes(std::uint32_t source) const {
  return parts_->delivery.source(source);
}

}  // namespace tidegate
