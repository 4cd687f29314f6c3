// The shell around the session: effects, messages, events, the one timer; in the order that the
// session documents. This is what the browser SDK and the native client do with real sockets.
#include <algorithm>
#include <cstring>

#include "tests/sim/sim_client.h"

namespace tidegate::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t kConnectionsPerLife = 1U << 16;

template <typename Number>
Number read_number(ByteView source, std::size_t at) {
  Number value{};
  if (at + sizeof value <= source.size()) std::memcpy(&value, source.data() + at, sizeof value);
  return value;
}

}  // namespace

ConnectionId SimClient::on_network(ConnectionId connection) const {
  return ConnectionId{life_ * kConnectionsPerLife + static_cast<std::uint32_t>(connection)};
}

std::optional<ConnectionId> SimClient::from_network(ConnectionId connection) const {
  const auto number = static_cast<std::uint32_t>(connection);
  if (number / kConnectionsPerLife != life_) return std::nullopt;
  return ConnectionId{number % kConnectionsPerLife};
}

// ---- the network

void SimClient::link_opened(ConnectionId connection) {
  const auto mine = from_network(connection);
  if (!mine) return;
  context_.note("client.opened", index_, static_cast<std::uint64_t>(*mine));
  session_->handle_open(context_.now(), *mine);
  turn();
}

void SimClient::link_message(ConnectionId connection, ByteView message) {
  const auto mine = from_network(connection);
  if (!mine) return;
  context_.note("client.read", index_, message.size());
  session_->handle_message(context_.now(), *mine, message);
  turn();
}

void SimClient::link_closed(ConnectionId connection, std::uint16_t code, const std::string& why) {
  const auto mine = from_network(connection);
  if (!mine) return;
  context_.note("client.closed", index_, static_cast<std::uint64_t>(*mine), code);
  if (socket_ == connection) socket_ = ConnectionId::None;
  session_->handle_close(context_.now(), *mine, code, why);
  turn();
}

// ---- the turn

void SimClient::turn() {
  if (in_turn_) return;  // A command from within a callback; the outer loop goes on polling.
  in_turn_ = true;
  std::uint64_t polled = 0;
  for (bool more = true; more && !context_.failed();) {
    while (const auto effect = session_->poll_effect()) carry_out(*effect);
    while (auto message = session_->poll_transmit(context_.now())) {
      context_.note("client.write", index_, message->size());
      if (socket_ == ConnectionId::None) {
        context_.fail("I5", name() + " sends without a socket");
      } else {
        parts_.network.client_send(index_, socket_, std::move(*message));
      }
    }
    const auto event = session_->poll_event();
    more = event.has_value();
    if (event) handle(*event);
    parts_.limits.effects_in_turn("a client", ++polled);
  }
  check_drained();
  parts_.limits.outbox(session_->outbox_size(), limits::outbox_commands_max);
  in_turn_ = false;
  arm();
}

void SimClient::arm() {
  const auto due = session_->poll_timeout();
  if (!due) return;
  const Duration late = context_.faults_on
                            ? prng_.duration_up_to(context_.options.clients.timer_late_max)
                            : Duration{0};
  const Instant when = std::max(*due, context_.queue.now()) + late;
  if (timer_at_ <= when) return;
  timer_at_ = when;
  context_.queue.at(when, [this, when, life = life_] {
    if (life == life_) handle_timer(when);
  });
}

void SimClient::handle_timer(Instant armed) {
  if (timer_at_ != armed) return;
  timer_at_ = Instant::max();
  const Instant now = context_.queue.now();
  const auto due = session_->poll_timeout();
  if (!due || *due > now) return arm();
  timer_spins_ = last_timer_ == now ? timer_spins_ + 1 : 0;
  last_timer_ = now;
  parts_.limits.timer_spins("a client", timer_spins_);
  session_->handle_timeout(context_.now());
  turn();
}

void SimClient::carry_out(const Effect& effect) {
  if (const auto* open = std::get_if<OpenConnection>(&effect)) {
    parts_.liveness.attempt(index_, context_.queue.now() < urged_until_);
    socket_ = on_network(open->connection);
    parts_.network.client_open(index_, socket_);
  } else if (const auto* close = std::get_if<CloseConnection>(&effect)) {
    const ConnectionId closing = on_network(close->connection);
    context_.note("client.close", index_, close->code);
    if (context_.trace.verbose()) context_.trace.say(context_.queue.now(), close->reason);
    parts_.network.client_close(index_, closing);
    if (socket_ == closing) socket_ = ConnectionId::None;
  } else if (const auto* fetch = std::get_if<FetchToken>(&effect)) {
    fetch_token(fetch->fetch);
  }
}

std::string SimClient::issue_token() {
  SimToken token;
  token.tenant = tenant_;
  token.subject = "user-" + std::to_string(index_);
  const std::uint64_t all = (1ULL << parts_.directory.channel_count()) - 1;
  token.may_subscribe = rights_.may_subscribe & all;
  token.may_publish = rights_.may_publish & all;
  if (context_.options.clients.tokens_expire) {
    // After the last fault tokens live long, so that a run can come to rest.
    const auto life = context_.faults_on ? context_.options.clients.token_life : 1h;
    token.expires_at =
        context_.now().wall + std::chrono::duration_cast<std::chrono::milliseconds>(life);
  }
  return parts_.tokens.issue(std::move(token));
}

void SimClient::fetch_token(std::uint32_t fetch) {
  const bool fails = context_.strikes(prng_, context_.options.clients.token_fetch_fails_one_in);
  const bool never = fails && prng_.one_in(3);
  if (never) return;
  context_.queue.after(prng_.duration_up_to(50ms), [this, fetch, fails, life = life_] {
    if (life != life_) return;
    if (fails) {
      session_->handle_token_failure(context_.now(), fetch, "the token endpoint is down", false);
    } else {
      session_->handle_token(context_.now(), fetch, issue_token());
    }
    turn();
  });
}

// ---- events

void SimClient::handle(const Event& event) {
  if (const auto* rows = std::get_if<RowsDelivered>(&event)) return handle_rows(*rows);
  if (const auto* named = std::get_if<EventNamed>(&event)) {
    event_names_[named->event] = named->name;
  } else if (const auto* started = std::get_if<SubscriptionStarted>(&event)) {
    context_.note("app.started", index_, static_cast<std::uint64_t>(started->reason),
                  started->start.offset.value);
    if (ChannelView* view = view_of(started->subscription))
      parts_.delivery.started(*view, *started);
  } else if (const auto* live = std::get_if<SubscriptionLive>(&event)) {
    if (ChannelView* view = view_of(live->subscription)) view->live = true;
  } else if (const auto* ended = std::get_if<SubscriptionEnded>(&event)) {
    for (auto& [channel, mount] : mounts_) {
      if (mount.id == ended->subscription) mount.references = 0;
    }
    if (ChannelView* view = view_of(ended->subscription))
      parts_.delivery.ended(*view, ended->error);
  } else if (const auto* gap = std::get_if<GapDetected>(&event)) {
    context_.note("app.gap", index_, static_cast<std::uint64_t>(gap->subscription));
  } else if (const auto* ack = std::get_if<PublishAcknowledged>(&event)) {
    const auto found = publishing_.find(ack->request);
    if (found == publishing_.end()) return context_.fail("I1", name() + ": an answer to nothing");
    parts_.publishes.acknowledged(found->second, ack->outcome, ack->position);
    publishing_.erase(found);
  } else if (const auto* failed = std::get_if<PublishFailed>(&event)) {
    const auto found = publishing_.find(failed->request);
    if (found == publishing_.end()) return context_.fail("I1", name() + ": an answer to nothing");
    parts_.publishes.failed(found->second, failed->error);
    publishing_.erase(found);
  } else if (const auto* state = std::get_if<StateChanged>(&event)) {
    context_.note("app.state", index_, static_cast<std::uint64_t>(state->state), state->code);
    if (context_.trace.verbose()) context_.trace.say(context_.queue.now(), state->message);
    if (state->state == ClientState::Failed) {
      context_.fail("I7", name() + " gave up: " + state->message);
    }
  }
}

void SimClient::handle_rows(const RowsDelivered& rows) {
  ChannelView* view = view_of(rows.subscription);
  if (view == nullptr) return context_.fail("I1", name() + ": rows of an unknown subscription");
  const ByteView source = session_->source_bytes(rows.source);
  const auto table = session_->row_table();
  if (rows.first_row + rows.row_count > table.size()) {
    return context_.fail("I1", view->who + ": rows beyond the row table");
  }
  for (std::uint32_t i = 0; i < rows.row_count && !context_.failed(); ++i) {
    read_row(*view, rows.subscription, source, table[rows.first_row + i]);
  }
  const std::uint64_t one_in = context_.options.workload.command_in_callback_one_in;
  if (on_row_ && context_.strikes(prng_, one_in)) on_row_();
}

void SimClient::read_row(ChannelView& view, SubscriptionId id, ByteView source,
                         const RowEntry& entry) {
  // The row as docs/PROTOCOL.md lays it out.
  SeenRow row;
  row.offset = read_number<std::uint64_t>(source, entry.row_at);
  const auto payload_len = read_number<std::uint32_t>(source, entry.row_at + 16);
  const auto string_ref = read_number<std::uint32_t>(source, entry.row_at + 20);
  const auto key_len = read_number<std::uint16_t>(source, entry.row_at + 24);
  const auto event_id_len = read_number<std::uint16_t>(source, entry.row_at + 26);
  row.binary = (read_number<std::uint8_t>(source, entry.row_at + 31) & 1) != 0;
  const std::string_view text = as_text(source);
  if (entry.payload_at > text.size() || entry.heap_at + string_ref + key_len > text.size()) {
    return context_.fail("I1", view.who + ": a row table entry points outside its message");
  }
  row.payload = text.substr(entry.payload_at, payload_len);
  row.event_id = text.substr(entry.heap_at + string_ref + key_len, event_id_len);
  if (entry.event != kNoEventName) row.event = event_names_[entry.event];
  context_.note("app.row", index_, static_cast<std::uint64_t>(id), row.offset);
  parts_.delivery.row(view, row, session_->position(id));
}

void SimClient::check_drained() {
  for (const auto& [channel, mount] : mounts_) {
    ChannelView* view = view_of(mount.id);
    if (view != nullptr) parts_.delivery.drained(*view, session_->position(mount.id));
  }
}

}  // namespace tidegate::sim
