// The life of a relay process, and the events that reach its shards. (Carrying out what the shards
// ask for is in sim_relay_effects.cc.)
#include "tests/sim/sim_relay.h"

#include <algorithm>

#include "tests/sim/json_gateway.h"

namespace tidegate::sim {

using namespace std::chrono_literals;

SimRelay::SimRelay(const Parts& parts)
    : parts_(parts), context_(parts.context), prng_(parts.context.prng("relay")) {}

SimRelay::~SimRelay() = default;

const relay::RelayShard& SimRelay::shard(std::uint16_t index) const {
  return *shards_.at(index).machine;
}

relay::RelayCounters SimRelay::total() const {
  relay::RelayCounters total;
  for (const Shard& shard : shards_) {
    const auto& counters = shard.machine->counters();
    total.connections_opened += counters.connections_opened;
    total.publications_delivered += counters.publications_delivered;
    total.resets_sent += counters.resets_sent;
    total.appends_unknown += counters.appends_unknown;
  }
  return total;
}

// ---- the process

void SimRelay::start() {
  TIDEGATE_CHECK(shards_.empty());
  ++incarnation_;
  draining_ = false;
  std::uint16_t count = context_.options.relay.shards;
  if (context_.options.relay.shard_count_changes) {
    count = static_cast<std::uint16_t>(2 + prng_.below(3));
  }
  context_.note("relay.start", incarnation_, count);
  shards_.resize(count);
  const std::uint64_t entropy = prng_.next();
  for (std::uint16_t i = 0; i < count; ++i) {
    relay::ShardOptions options;
    options.shard = i;
    options.shard_count = count;
    options.incarnation = entropy + i;
    options.config = parts_.directory.config();
    shards_[i].machine = std::make_unique<relay::RelayShard>(options);
  }
  for (std::uint16_t i = 0; i < count; ++i) turn(i);
}

void SimRelay::forget_link(LinkId link) {
  parts_.access.link_over(link);
  parts_.signal_ages.link_over(link);
  parts_.faults.link_over(link);
}

void SimRelay::end_process() {
  context_.note("relay.end", incarnation_);
  ++incarnation_;
  shards_.clear();
  mailboxes_.clear();
  connections_ever_ = 0;
  for (const auto& [link, place] : places_) forget_link(link);
  places_.clear();
  parts_.network.relay_crashed();
  parts_.store.crash();
  answer_all_as_lost();
}

void SimRelay::answer_all_as_lost() {
  auto lost = std::make_shared<std::map<std::uint64_t, PublishDone>>(std::move(waiting_publishes_));
  waiting_publishes_.clear();
  context_.queue.after(prng_.duration_up_to(50ms), [lost] {
    for (auto& [ticket, done] : *lost) done(std::nullopt);
  });
}

void SimRelay::crash() {
  if (up()) end_process();
}

void SimRelay::restart(Duration downtime) {
  if (restart_pending_) return;
  restart_pending_ = true;
  crash();
  context_.queue.after(downtime, [this] {
    restart_pending_ = false;
    if (!up()) start();
  });
}

void SimRelay::drain(Duration window) {
  if (!up() || draining_ || restart_pending_) return;
  context_.note("relay.drain", static_cast<std::uint64_t>(window.count()));
  draining_ = true;
  const std::uint64_t seed = prng_.next();
  for (std::uint16_t i = 0; i < shard_count(); ++i) {
    shards_[i].machine->drain(context_.now(), window, seed);
    turn(i);
  }
  context_.queue.after(window + 500ms, [this, incarnation = incarnation_] {
    if (incarnation == incarnation_) restart(prng_.duration_up_to(200ms));
  });
}

void SimRelay::publish(relay::PublishRequest request, PublishDone done) {
  if (!listening()) {
    context_.queue.after(1ms, [done] { done(std::nullopt); });
    return;
  }
  const std::uint64_t ticket = next_ticket_++;
  request.ticket = {ticket, 0};
  const auto index = static_cast<std::uint16_t>(prng_.below(shards_.size()));
  waiting_publishes_[ticket] = std::move(done);
  auto shared = std::make_shared<relay::PublishRequest>(std::move(request));
  context_.queue.after(prng_.duration_up_to(2ms), on_shard(index, [this, shared](auto& shard) {
                         shard.handle_publish(context_.now(), std::move(*shared));
                       }));
}

// ---- faults

void SimRelay::next_fault(Duration every, void (SimRelay::*strike)()) {
  if (every == 0us) return;
  context_.queue.after(prng_.duration_up_to(2 * every), [this, every, strike] {
    if (!context_.faults_on) return;
    (this->*strike)();
    next_fault(every, strike);
  });
}

void SimRelay::start_faults() {
  next_fault(context_.options.relay.crash_every, &SimRelay::strike_crash);
  next_fault(context_.options.relay.drain_every, &SimRelay::strike_drain);
}

void SimRelay::strike_crash() {
  restart(prng_.duration_up_to(context_.options.relay.downtime_max));
}

void SimRelay::strike_drain() { drain(100ms + prng_.duration_up_to(2s)); }

void SimRelay::heal() {
  if (!up() && !restart_pending_) start();
}

// ---- the network

SimRelay::Place* SimRelay::place_of(LinkId link) {
  const auto found = places_.find(link);
  return found == places_.end() ? nullptr : &found->second;
}

void SimRelay::link_connected(LinkId link, std::uint32_t client) {
  const auto index = pinned_shard_ ? static_cast<std::uint16_t>(*pinned_shard_ % shards_.size())
                                   : static_cast<std::uint16_t>(prng_.below(shards_.size()));
  // A client keeps its protocol, whichever connection it is on.
  const bool speaks_json = prng_.one_in(context_.options.relay.json_one_in);
  const relay::Encoding encoding =
      encodings_.try_emplace(client, speaks_json ? relay::Encoding::Json : relay::Encoding::Binary)
          .first->second;
  const auto handle = shards_[index].machine->handle_connected(context_.now(), encoding);
  context_.note("relay.connected", client, static_cast<std::uint64_t>(link), index);
  shards_[index].links[handle] = link;
  places_[link] = {index, handle, client, encoding, false};
  parts_.signals.reader_connected(client);
  parts_.faults.link_connected(link, client);
  ++connections_ever_;
  turn(index);
}

void SimRelay::link_message(LinkId link, ByteView message) {
  const Place* place = place_of(link);
  if (place == nullptr) return;
  const std::uint16_t index = place->shard;
  context_.note("relay.read", static_cast<std::uint64_t>(link), message.size());
  parts_.limits.client_message(message.size());
  parts_.access.relay_read(link, message);
  relay::RelayShard& shard = *shards_[index].machine;
  if (place->encoding == relay::Encoding::Binary) {
    shard.handle_message(context_.now(), place->handle, message);
  } else {
    for (const Bytes& text : to_json(message)) {
      shard.handle_message(context_.now(), place->handle, text);
    }
  }
  turn(index);
}

void SimRelay::link_disconnected(LinkId link) {
  const Place* found = place_of(link);
  if (found == nullptr) return;
  const Place place = *found;
  context_.note("relay.disconnected", static_cast<std::uint64_t>(link));
  forget_link(link);
  shards_[place.shard].links.erase(place.handle);
  places_.erase(link);
  shards_[place.shard].machine->handle_disconnected(context_.now(), place.handle);
  turn(place.shard);
}

void SimRelay::link_writable(LinkId link) {
  Place* place = place_of(link);
  if (place == nullptr) return;
  place->blocked = false;
  const std::uint16_t index = place->shard;
  shards_[index].machine->handle_writable(context_.now(), place->handle);
  turn(index);
}

}  // namespace tidegate::sim
