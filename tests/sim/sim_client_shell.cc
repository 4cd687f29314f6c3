// The shell around the session: effects, messages, events, the one timer; in the order that the
// session documents. This is what the browser SDK and the native client do with real sockets.
#include <algorithm>

#include "tests/sim/sim_client.h"

namespace tidegate::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t kConnectionsPerLife = 1U << 16;

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
  streams_.clear();
  session_->handle_open(context_.now(), *mine);
  turn();
}

void SimClient::link_message(ConnectionId connection, ByteView message) {
  const auto mine = from_network(connection);
  if (!mine) return;
  context_.note("client.read", index_, message.size());
  look_into(message);
  session_->handle_message(context_.now(), *mine, message);
  turn();
  pages_at_hand_ = sweeps_at_hand_ = false;
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
  token.is_outsider = rights_.is_outsider;
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

}  // namespace tidegate::sim
