// Links and their pipes. Everything an end is told travels through its pipe, the close included, so
// the last words before a close arrive before it, unless a cut has lost them.
#include "tests/sim/sim_network.h"

#include <algorithm>

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kAbnormalClosure = 1006;
constexpr Duration kHalfOpenTime = 600s;

}  // namespace

SimNetwork::SimNetwork(SimContext& context) : context_(context), prng_(context.prng("network")) {}

void SimNetwork::attach_client(std::uint32_t client, ClientEnd* end) { clients_[client] = end; }

SimNetwork::Link* SimNetwork::find(LinkId id) {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : found->second.get();
}

SimNetwork::Link* SimNetwork::find(std::uint32_t client, ConnectionId connection) {
  // The newest links are the likely ones.
  for (auto it = links_.rbegin(); it != links_.rend(); ++it) {
    Link& link = *it->second;
    if (link.client == client && link.connection == connection) {
      return link.client_end == End::Gone ? nullptr : &link;
    }
  }
  return nullptr;
}

LinkId SimNetwork::link_of_client(std::uint32_t client) {
  for (auto it = links_.rbegin(); it != links_.rend(); ++it) {
    const Link& link = *it->second;
    if (link.client == client && link.client_end != End::Gone) return link.id;
  }
  return LinkId::None;
}

LinkId SimNetwork::random_link() {
  if (links_.empty()) return LinkId::None;
  auto it = links_.begin();
  std::advance(it, static_cast<std::ptrdiff_t>(prng_.below(links_.size())));
  return it->first;
}

Duration SimNetwork::latency() {
  const auto& network = context_.options.network;
  return network.latency_min + prng_.duration_up_to(network.latency_spread);
}

// ---- what the ends do

void SimNetwork::client_open(std::uint32_t client, ConnectionId connection) {
  const LinkId id{next_link_++};
  auto& link = *(links_[id] = std::make_unique<Link>());
  link.id = id;
  link.client = client;
  link.connection = connection;
  ++attempts_;
  context_.note("net.dial", client, static_cast<std::uint64_t>(id));
  const auto& network = context_.options.network;
  if (context_.strikes(prng_, network.blackhole_one_in)) {
    link.is_cut = true;  // Nobody ever answers; the client has to give up by itself.
    link.relay_end = End::Gone;
    return;
  }
  if (context_.strikes(prng_, network.slow_reader_one_in)) {
    link.down_bytes_per_ms = network.slow_bytes_per_ms;
  }
  context_.queue.after(latency(), [this, id] {
    Link* arrived = find(id);
    if (arrived == nullptr || arrived->is_cut || arrived->client_end == End::Gone) return;
    if (!relay_->listening()) return refuse(*arrived, latency());
    arrived->relay_end = End::Open;
    push(*arrived, false, {Item::Kind::Opened, {}, 0, "", {}, nullptr});
    relay_->link_connected(id, arrived->client);
  });
}

void SimNetwork::refuse(Link& link, Duration delay) {
  link.relay_end = End::Gone;
  link.is_cut = true;
  push(link, false, {Item::Kind::Closed, {}, kAbnormalClosure, "refused", {}, nullptr}, delay);
}

void SimNetwork::client_send(std::uint32_t client, ConnectionId connection, Bytes message) {
  Link* link = find(client, connection);
  if (link == nullptr || link->is_cut) return;
  push(*link, true, {Item::Kind::Message, {}, 0, "", std::move(message), nullptr});
}

void SimNetwork::client_close(std::uint32_t client, ConnectionId connection) {
  Link* link = find(client, connection);
  if (link == nullptr) return;
  context_.note("net.client_close", client, static_cast<std::uint64_t>(link->id));
  link->client_end = End::Gone;
  if (prng_.one_in(context_.options.network.late_close_one_in)) {
    context_.queue.after(latency(), [this, client, connection] {
      clients_.at(client)->link_closed(connection, kAbnormalClosure, "late report of an own close");
    });
  }
  if (link->relay_end == End::Waiting) link->relay_end = End::Gone;
  if (link->relay_end == End::Gone || link->is_cut) return drop_if_over(link->id);
  push(*link, true, {Item::Kind::Closed, {}, 1000, "", {}, nullptr});
}

bool SimNetwork::relay_send(LinkId id, relay::SharedMessagePtr message) {
  Link* link = find(id);
  if (link == nullptr || link->relay_end == End::Gone) return false;
  const std::size_t bytes = message->framed().size();
  link->down.bytes += bytes;
  if (!link->is_cut && link->client_end != End::Gone) {
    const std::uint64_t rate = link->down_bytes_per_ms;
    const Duration slow = rate == 0 ? 0us : Duration(bytes * 1000 / rate);
    push(*link, false, {Item::Kind::Message, {}, 0, "", {}, std::move(message)}, slow);
  }
  // On a dead link nothing drains: the kernel's buffer fills, as it does in life.
  if (link->down.bytes > context_.options.network.window_bytes) link->blocked = true;
  return link->blocked;
}

void SimNetwork::relay_close(LinkId id, std::uint16_t code, const std::string& reason) {
  Link* link = find(id);
  if (link == nullptr || link->relay_end == End::Gone) return;
  link->relay_end = End::Gone;
  link->up.items.clear();
  if (link->client_end == End::Gone) return drop_if_over(id);
  if (!link->is_cut) push(*link, false, {Item::Kind::Closed, {}, code, reason, {}, nullptr});
}

void SimNetwork::relay_pause(LinkId id, bool paused) {
  Link* link = find(id);
  if (link == nullptr) return;
  link->up.paused = paused;
  if (!paused) arm(*link, true);
}

void SimNetwork::relay_crashed() {
  for (auto& [id, link] : links_) {
    if (link->relay_end != End::Open) continue;
    link->relay_end = End::Gone;
    if (link->is_cut) continue;
    link->is_cut = true;
    link->up.items.clear();
    if (link->client_end == End::Gone) continue;
    lose_suffix(link->down);
    // A killed process closes its sockets at once; a lost machine says nothing.
    const bool silent = context_.strikes(prng_, 6);
    push(*link, false, {Item::Kind::Closed, {}, kAbnormalClosure, "relay gone", {}, nullptr},
         silent ? kHalfOpenTime : 0us);
  }
}

// ---- pipes

void SimNetwork::push(Link& link, bool up, Item item, Duration extra) {
  Pipe& pipe = up ? link.up : link.down;
  const Instant after_last = pipe.items.empty() ? context_.queue.now() : pipe.last_at;
  item.at = std::max(after_last, context_.queue.now() + latency()) + extra;
  pipe.last_at = item.at;
  pipe.items.push_back(std::move(item));
  arm(link, up);
}

void SimNetwork::arm(Link& link, bool up) {
  Pipe& pipe = up ? link.up : link.down;
  if (pipe.items.empty() || pipe.paused) return;
  const Instant due = std::max({pipe.items.front().at, pipe.stalled_until, context_.queue.now()});
  if (pipe.pump_at <= due && pipe.pump_at >= context_.queue.now()) return;
  pipe.pump_at = due;
  context_.queue.at(due, [this, id = link.id, up] { pump(id, up); });
}

void SimNetwork::pump(LinkId id, bool up) {
  Link* link = find(id);
  if (link == nullptr) return;
  Pipe& pipe = up ? link->up : link->down;
  pipe.pump_at = Instant::max();
  const Instant now = context_.queue.now();
  if (pipe.items.empty() || pipe.paused) return;
  if (pipe.items.front().at > now || pipe.stalled_until > now) return arm(*link, up);
  Item item = std::move(pipe.items.front());
  pipe.items.pop_front();
  arm(*link, up);
  deliver(id, up, std::move(item));
  drop_if_over(id);
}

void SimNetwork::deliver(LinkId id, bool up, Item item) {
  Link& link = *find(id);
  if (up) {
    deliver_up(link, item);
  } else {
    deliver_down(link, item);
  }
}

void SimNetwork::deliver_up(Link& link, Item& item) {
  if (link.relay_end != End::Open) return;
  if (item.kind == Item::Kind::Message) {
    relay_->link_message(link.id, item.bytes);
  } else {
    link.relay_end = End::Gone;
    relay_->link_disconnected(link.id);
  }
}

void SimNetwork::deliver_down(Link& link, Item& item) {
  const LinkId id = link.id;
  if (item.kind == Item::Kind::Message) {
    link.down.bytes -= std::min(link.down.bytes, item.shared->framed().size());
    if (link.blocked && link.relay_end == End::Open &&
        link.down.bytes <= context_.options.network.window_bytes / 2) {
      link.blocked = false;
      context_.queue.after(0us, [this, id] {
        Link* writable = find(id);
        if (writable != nullptr && writable->relay_end == End::Open) relay_->link_writable(id);
      });
    }
  }
  if (link.client_end == End::Gone) return;
  ClientEnd& client = *clients_.at(link.client);
  switch (item.kind) {
    case Item::Kind::Opened:
      link.client_end = End::Open;
      return client.link_opened(link.connection);
    case Item::Kind::Message:
      return client.link_message(link.connection, item.shared->payload());
    case Item::Kind::Closed:
      link.client_end = End::Gone;
      return client.link_closed(link.connection, item.code, item.reason);
  }
}

void SimNetwork::lose_suffix(Pipe& pipe) {
  const std::size_t kept = prng_.below(pipe.items.size() + 1);
  pipe.items.erase(pipe.items.begin() + static_cast<std::ptrdiff_t>(kept), pipe.items.end());
  pipe.last_at = pipe.items.empty() ? context_.queue.now() : pipe.items.back().at;
}

void SimNetwork::drop_if_over(LinkId id) {
  Link* link = find(id);
  if (link != nullptr && link->client_end == End::Gone && link->relay_end == End::Gone) {
    links_.erase(id);
  }
}

// ---- faults

void SimNetwork::cut(LinkId id, CutKind kind) {
  Link* link = find(id);
  if (link == nullptr || link->is_cut) return;
  context_.note("net.cut", link->client, static_cast<std::uint64_t>(id),
                static_cast<std::uint64_t>(kind));
  link->is_cut = true;
  lose_suffix(link->up);
  lose_suffix(link->down);
  const Item closed{Item::Kind::Closed, {}, kAbnormalClosure, "cut", {}, nullptr};
  if (link->client_end != End::Gone) {
    push(*link, false, closed,
         kind == CutKind::ClientHalfOpen ? kHalfOpenTime : prng_.duration_up_to(200ms));
  }
  if (link->relay_end == End::Open) {
    push(*link, true, closed,
         kind == CutKind::RelayHalfOpen ? kHalfOpenTime : prng_.duration_up_to(200ms));
  } else {
    link->relay_end = End::Gone;
  }
}

void SimNetwork::cut_client(std::uint32_t client, CutKind kind) {
  cut(link_of_client(client), kind);
}

void SimNetwork::stall(LinkId id, bool up, Duration time) {
  Link* link = find(id);
  if (link == nullptr) return;
  context_.note("net.stall", link->client, up ? 1 : 0, static_cast<std::uint64_t>(time.count()));
  (up ? link->up : link->down).stalled_until = context_.queue.now() + time;
}

void SimNetwork::stall_client(std::uint32_t client, bool up, Duration time) {
  stall(link_of_client(client), up, time);
}

void SimNetwork::next_fault(Duration every, void (SimNetwork::*strike)()) {
  if (every == 0us) return;
  context_.queue.after(prng_.duration_up_to(2 * every), [this, every, strike] {
    if (!context_.faults_on) return;
    (this->*strike)();
    next_fault(every, strike);
  });
}

void SimNetwork::start_faults() {
  const auto& network = context_.options.network;
  next_fault(network.cut_every, &SimNetwork::strike_cut);
  next_fault(network.half_open_every, &SimNetwork::strike_half_open);
  next_fault(network.stall_every, &SimNetwork::strike_stall);
}

void SimNetwork::strike_cut() { cut(random_link(), CutKind::BothLearn); }

void SimNetwork::strike_half_open() {
  cut(random_link(), prng_.one_in(2) ? CutKind::ClientHalfOpen : CutKind::RelayHalfOpen);
}

void SimNetwork::strike_stall() {
  const LinkId link = random_link();
  const Duration time = prng_.duration_up_to(context_.options.network.stall_max);
  const std::uint64_t which = prng_.below(3);
  if (which != 1) stall(link, true, time);
  if (which != 0) stall(link, false, time);
}

void SimNetwork::heal() {
  for (auto& [id, link] : links_) {
    link->down_bytes_per_ms = 0;
    for (const bool up : {true, false}) {
      Pipe& pipe = up ? link->up : link->down;
      pipe.stalled_until = context_.queue.now();
      for (Item& item : pipe.items) {
        if (item.kind == Item::Kind::Message)
          item.at = std::min(item.at, context_.queue.now() + 1ms);
      }
      if (!pipe.items.empty()) pipe.last_at = pipe.items.back().at;
      arm(*link, up);
    }
  }
}

}  // namespace tidegate::sim
