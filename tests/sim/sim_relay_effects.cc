// The shell around each shard: polls effects, carries them out, arms the one timer. Nothing is
// answered from within a poll; every result comes back later as an event of its own.
#include <algorithm>

#include "tests/sim/json_gateway.h"
#include "tests/sim/sim_relay.h"

namespace tidegate::sim {

using namespace std::chrono_literals;
namespace {

constexpr std::uint64_t kTurnsBetweenFootprints = 64;

}  // namespace

std::function<void()> SimRelay::on_shard(std::uint16_t index,
                                         std::function<void(relay::RelayShard&)> body) {
  return [this, index, body = std::move(body), incarnation = incarnation_] {
    if (incarnation != incarnation_ || index >= shards_.size()) return;
    body(*shards_[index].machine);
    turn(index);
  };
}

void SimRelay::turn(std::uint16_t index) {
  relay::RelayShard& machine = *shards_[index].machine;
  std::uint64_t effects = 0;
  while (auto effect = machine.poll_effect(context_.now())) {
    std::visit([&](auto& one) { carry_out(index, std::move(one)); }, *effect);
    parts_.limits.effects_in_turn("a shard", ++effects);
    if (context_.failed()) return;
  }
  while (const auto line = machine.poll_log()) {
    if (context_.trace.verbose()) {
      context_.trace.say(context_.queue.now(),
                         "shard " + std::to_string(index) + ": " + line->text);
    }
  }
  // Looks at everything, so not every time.
  if (++turns_ % kTurnsBetweenFootprints == 0) parts_.limits.footprint(machine.footprint());
  arm(index);
}

void SimRelay::arm(std::uint16_t index) {
  Shard& shard = shards_[index];
  const auto due = shard.machine->poll_timeout();
  if (!due) return;
  const Duration late = context_.faults_on
                            ? prng_.duration_up_to(context_.options.relay.timer_late_max)
                            : Duration{0};
  const Instant when = std::max(*due, context_.queue.now()) + late;
  if (shard.timer_at <= when) return;
  shard.timer_at = when;
  context_.queue.at(when, [this, index, incarnation = incarnation_, when] {
    if (incarnation != incarnation_ || shards_[index].timer_at != when) return;
    handle_timer(index);
  });
}

void SimRelay::handle_timer(std::uint16_t index) {
  Shard& shard = shards_[index];
  const Instant now = context_.queue.now();
  shard.timer_at = Instant::max();
  const auto due = shard.machine->poll_timeout();
  if (!due || *due > now) return arm(index);
  shard.timer_spins = shard.last_timer == now ? shard.timer_spins + 1 : 0;
  shard.last_timer = now;
  parts_.limits.timer_spins("a shard", shard.timer_spins);
  shard.machine->handle_timeout(context_.now());
  turn(index);
}

// ---- connections

void SimRelay::send_one(std::uint16_t index, const relay::SharedMessagePtr& message,
                        relay::ConnectionHandle connection) {
  Shard& shard = shards_[index];
  const auto found = shard.links.find(connection);
  Place* place = found == shard.links.end() ? nullptr : place_of(found->second);
  parts_.limits.transmit(place != nullptr, place != nullptr && place->blocked,
                         message->payload().size());
  if (place == nullptr || place->blocked) return;
  const LinkId link = found->second;
  parts_.access.relay_wrote(link, message->payload());
  parts_.signal_ages.relay_wrote(link, message->payload());
  context_.note("relay.write", static_cast<std::uint64_t>(link), message->payload().size());
  if (parts_.faults.loses(*message)) return;
  if (parts_.network.relay_send(link, parts_.faults.pass(link, message))) {
    place->blocked = true;
    parts_.signals.reader_blocked(place->client);
    shard.machine->handle_blocked(context_.now(), connection);
  }
}

void SimRelay::carry_out(std::uint16_t index, relay::Transmit effect) {
  // All who share a message share its encoding.
  const auto& links = shards_[index].links;
  const auto first = links.find(effect.connections.front());
  const Place* place = first == links.end() ? nullptr : place_of(first->second);
  const bool is_json = place != nullptr && place->encoding == relay::Encoding::Json;
  const auto message = is_json ? to_binary(*effect.message) : effect.message;
  for (const auto connection : effect.connections) send_one(index, message, connection);
}

void SimRelay::carry_out(std::uint16_t index, relay::Close effect) {
  Shard& shard = shards_[index];
  const auto found = shard.links.find(effect.connection);
  if (found == shard.links.end()) {
    return context_.fail("I5", "close of a connection that is closed or was never opened");
  }
  const LinkId link = found->second;
  context_.note("relay.close", static_cast<std::uint64_t>(link), effect.code);
  if (context_.trace.verbose()) context_.trace.say(context_.queue.now(), effect.reason);
  shard.links.erase(found);
  places_.erase(link);
  forget_link(link);
  parts_.network.relay_close(link, effect.code, effect.reason);
}

void SimRelay::carry_out(std::uint16_t index, relay::PauseReading effect) {
  const auto found = shards_[index].links.find(effect.connection);
  if (found != shards_[index].links.end()) {
    parts_.network.relay_pause(found->second, effect.paused);
  }
}

void SimRelay::carry_out(std::uint16_t index, relay::VerifyToken effect) {
  if (context_.strikes(prng_, context_.options.relay.verify_lost_one_in)) return;
  const Duration delay = prng_.duration_up_to(context_.options.relay.verify_delay_max);
  context_.queue.after(delay,
                       on_shard(index, [this, id = effect.id, token = effect.token](auto& shard) {
                         const auto now = context_.now();
                         shard.handle_token_result(now, id, parts_.tokens.verify(token, now.wall));
                       }));
}

// ---- the store

void SimRelay::carry_out(std::uint16_t index, relay::StoreOpen effect) {
  const auto id = effect.id;
  parts_.store.open(std::move(effect), [this, index, id, process = incarnation_](auto result) {
    if (process != incarnation_) return;
    auto shared = std::make_shared<Result<relay::StoreOpened>>(std::move(result));
    on_shard(index, [this, id, shared](auto& shard) {
      shard.handle_store_opened(context_.now(), id, std::move(*shared));
    })();
  });
}

void SimRelay::carry_out(std::uint16_t index, relay::StoreAppend effect) {
  const auto id = effect.id;
  parts_.limits.append_begins(incarnation_, effect);
  parts_.store.append(std::move(effect), [this, index, id, process = incarnation_](auto result) {
    parts_.limits.append_ends(process, id);
    if (process != incarnation_) return;
    auto shared = std::make_shared<relay::AppendResult>(std::move(result));
    on_shard(index, [this, id, shared](auto& shard) {
      shard.handle_append_result(context_.now(), id, std::move(*shared));
    })();
  });
}

void SimRelay::carry_out(std::uint16_t index, relay::StoreRead effect) {
  const auto id = effect.id;
  parts_.store.read(std::move(effect), [this, index, id, process = incarnation_](auto result) {
    if (process != incarnation_) return;
    auto shared = std::make_shared<Result<relay::StoreReadResult>>(std::move(result));
    on_shard(index, [this, id, shared](auto& shard) {
      shard.handle_read_result(context_.now(), id, std::move(*shared));
    })();
  });
}

void SimRelay::carry_out(std::uint16_t index, relay::StoreReadRecords effect) {
  const auto id = effect.id;
  parts_.store.read_records(
      std::move(effect), [this, index, id, process = incarnation_](auto result) {
        if (process != incarnation_) return;
        auto shared = std::make_shared<Result<relay::StoreRecordsResult>>(std::move(result));
        on_shard(index, [this, id, shared](auto& shard) {
          shard.handle_records_result(context_.now(), id, std::move(*shared));
        })();
      });
}

void SimRelay::carry_out(std::uint16_t, relay::StoreTrim effect) { parts_.store.trim(effect); }

void SimRelay::carry_out(std::uint16_t, relay::StoreRelease effect) {
  parts_.store.release(effect);
}

// ---- other shards and publishers

void SimRelay::carry_out(std::uint16_t index, relay::ShardSend effect) {
  const std::uint16_t to = effect.to;
  if (to >= shards_.size()) return context_.fail("I5", "a message to a shard that does not exist");
  if (const auto* batch = std::get_if<relay::MirrorBatch>(&effect.message)) {
    parts_.limits.mirror_batch(*batch);
  }
  Pair& pair = mailboxes_[{index, to}];
  const Instant arrives =
      context_.queue.now() + prng_.duration_up_to(context_.options.relay.mailbox_delay_max);
  pair.last_at =
      context_.options.relay.reorder_mailboxes ? arrives : std::max(pair.last_at, arrives);
  const bool is_publish = std::holds_alternative<relay::PublishSubmit>(effect.message) ||
                          std::holds_alternative<relay::PublishSettled>(effect.message);
  ++(is_publish ? pair.waiting.publishes : pair.waiting.mirror_messages);
  parts_.limits.mailbox_waits(index, to, pair.waiting, connections_ever_,
                              waiting_publishes_.size());
  auto message = std::make_shared<relay::ShardMessage>(std::move(effect.message));
  context_.queue.at(pair.last_at, on_shard(to, [this, index, to, is_publish, message](auto& shard) {
                      MailboxLoad& waiting = mailboxes_[{index, to}].waiting;
                      --(is_publish ? waiting.publishes : waiting.mirror_messages);
                      context_.note("relay.mail", index, to, message->index());
                      shard.handle_shard_message(context_.now(), index, std::move(*message));
                    }));
}

void SimRelay::carry_out(std::uint16_t, relay::PublishAnswer effect) {
  const auto found = waiting_publishes_.find(effect.ticket.id);
  if (found == waiting_publishes_.end()) {
    return context_.fail("I1", "an answer to a publish that was answered before or never made");
  }
  auto done = std::move(found->second);
  waiting_publishes_.erase(found);
  const bool lost = context_.strikes(prng_, context_.options.relay.answer_lost_one_in);
  auto answer = std::make_shared<std::optional<Result<relay::PublishReceipt>>>();
  if (!lost) answer->emplace(std::move(effect.result));
  context_.queue.after(prng_.duration_up_to(2ms), [done, answer] { done(std::move(*answer)); });
}

}  // namespace tidegate::sim
