// The application's commands and what happens to a client. (The shell is in sim_client_shell.cc.)
#include "tests/sim/sim_client.h"

namespace tidegate::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kOffsetThatNeverComes = 1'000'000'000;

}  // namespace

SimClient::SimClient(const Parts& parts, std::uint32_t index, std::uint32_t tenant, Rights rights)
    : parts_(parts),
      context_(parts.context),
      prng_(parts.context.prng("client " + std::to_string(index))),
      index_(index),
      tenant_(tenant),
      rights_(rights) {
  fetches_tokens_ = context_.options.clients.tokens_expire || prng_.one_in(2);
  parts_.network.attach_client(index_, this);
  begin_session();
}

SimClient::~SimClient() = default;

void SimClient::begin_session() {
  ++life_;
  ClientOptions options;
  options.session_id = "session-" + std::to_string(index_) + "-" + std::to_string(life_);
  options.seed = prng_.next();
  options.fetch_token = fetches_tokens_;
  if (context_.options.clients.fast_retries) {
    options.backoff_base = 200ms;
    options.backoff_cap = 4s;
    options.connect_timeout = 3s;
    options.publish_timeout = 20s;
    options.unsubscribe_linger = prng_.duration_up_to(1s);
  }
  if (prng_.one_in(4)) options.batch_delay = prng_.duration_up_to(20ms);
  session_ = std::make_unique<ClientSession>(options);
  timer_at_ = Instant::max();
  if (!fetches_tokens_) session_->set_token(context_.now(), issue_token());
  turn();
}

// ---- what the application does

void SimClient::connect() {
  wants_connection_ = true;
  urged_until_ = context_.queue.now() + 1s;
  session_->connect(context_.now());
  turn();
}

void SimClient::disconnect() {
  wants_connection_ = false;
  session_->disconnect(context_.now());
  turn();
}

SubscribeOptions SimClient::options_for(std::uint32_t channel, From from, std::uint32_t history) {
  SubscribeOptions options;
  options.history = from == From::Now ? 0 : history;
  const ChannelView* held = view(channel);
  if (held == nullptr || !held->epoch || held->bogus_since) return options;
  auto epoch = Epoch::parse(*held->epoch);
  TIDEGATE_CHECK(epoch.ok());
  if (from == From::HeldPosition) {
    options.since = StreamPosition{*epoch, Offset{held->position}};
  } else if (from == From::BogusPosition) {
    if (prng_.one_in(2)) epoch = Epoch::from_entropy(prng_.next());
    options.since = StreamPosition{*epoch, Offset{kOffsetThatNeverComes + prng_.below(1000)}};
  }
  return options;
}

ChannelView SimClient::new_view(std::uint32_t channel, From from,
                                const SubscribeOptions& options) const {
  ChannelView fresh;
  const ChannelView* held = view(channel);
  if (options.since && from == From::HeldPosition) fresh = *held;
  fresh.channel = {tenant_, channel};
  fresh.who = name() + " on " + parts_.directory.channel(channel).name.str();
  fresh.history = options.history;
  fresh.may_subscribe = (rights_.may_subscribe >> channel & 1) != 0;
  fresh.live = false;
  fresh.ended = false;
  if (options.since && from == From::BogusPosition) {
    fresh.bogus_since = true;
    fresh.epoch = options.since->epoch.token();
    fresh.position = options.since->offset.value;
  }
  return fresh;
}

void SimClient::subscribe(std::uint32_t channel, From from, std::uint32_t history) {
  Mount& mount = mounts_[channel];
  // From inside a callback, rows may still be on their way to it: a position is of no use there.
  if (in_turn_) from = From::Now;
  const bool shared = mount.references > 0;
  const SubscribeOptions options =
      shared ? SubscribeOptions{} : options_for(channel, from, history);
  const auto result =
      session_->subscribe(context_.now(), parts_.directory.channel(channel).name, options);
  context_.note("app.subscribe", index_, channel, static_cast<std::uint64_t>(from));
  if (!result) return context_.fail("I7", name() + " cannot subscribe: " + result.error().message);
  if (*result != mount.id) {
    if (shared) return context_.fail("I1", name() + ": one channel, two subscriptions");
    ChannelView fresh = new_view(channel, from, options);
    views_[*result] = std::move(fresh);
    mount.id = *result;
  }
  ++mount.references;
  turn();
}

void SimClient::unsubscribe(std::uint32_t channel) {
  Mount& mount = mounts_[channel];
  if (mount.references == 0) return;
  context_.note("app.unsubscribe", index_, channel);
  --mount.references;
  const Status status = session_->unsubscribe(context_.now(), mount.id);
  const ChannelView* held = view_of(mount.id);
  if (!status && held != nullptr && !held->ended) {
    context_.fail("I7", name() + " cannot unsubscribe: " + status.error().message);
  }
  turn();
}

void SimClient::publish(std::uint64_t id) {
  const Intent& intent = parts_.oracle.intent(id);
  PublicationDraft draft;
  draft.payload_kind = intent.binary ? PayloadKind::Binary : PayloadKind::Json;
  draft.event = intent.event;
  draft.event_id = intent.event_id;
  draft.idempotency_key = intent.key;
  draft.payload.assign(intent.payload.begin(), intent.payload.end());
  const ChannelName& channel = parts_.directory.channel(intent.channel.channel).name;
  context_.note("app.publish", index_, id);
  const auto request = session_->publish(context_.now(), channel, std::move(draft));
  if (request) {
    publishing_[*request] = id;
    parts_.publishes.made(id, name() + " page " + std::to_string(life_));
  } else {
    parts_.publishes.failed(id, request.error());
  }
  turn();
}

// ---- what happens to it

void SimClient::set_network(bool online) {
  online_ = online;
  context_.note("app.network", index_, online ? 1 : 0);
  if (online) urged_until_ = context_.queue.now() + 1s;
  session_->handle_network(context_.now(), online);
  turn();
}

void SimClient::resume() {
  context_.note("app.resume", index_);
  urged_until_ = context_.queue.now() + 1s;
  session_->handle_resume(context_.now());
  turn();
}

void SimClient::reload() {
  context_.note("app.reload", index_);
  if (socket_ != ConnectionId::None) parts_.network.client_close(index_, socket_);
  socket_ = ConnectionId::None;
  publishing_.clear();
  event_names_.clear();
  const auto mounts = std::move(mounts_);
  mounts_.clear();
  std::map<std::uint32_t, ChannelView> kept;
  for (const auto& [channel, mount] : mounts) kept[channel] = views_.at(mount.id);
  views_.clear();
  begin_session();
  if (!online_) session_->handle_network(context_.now(), false);
  for (const auto& [channel, mount] : mounts) {
    if (mount.references == 0) continue;
    // The page finds its data and position where it had stored them, under an id of old.
    mounts_[channel] = {SubscriptionId::None, 0};
    views_[SubscriptionId::None] = kept.at(channel);
    subscribe(channel, From::HeldPosition, kept.at(channel).history);
    views_.erase(SubscriptionId::None);
  }
  if (wants_connection_) connect();
}

// ---- getters

bool SimClient::wants(std::uint32_t channel) const {
  const auto found = mounts_.find(channel);
  return found != mounts_.end() && found->second.references > 0;
}

const ChannelView* SimClient::view(std::uint32_t channel) const {
  const auto mount = mounts_.find(channel);
  if (mount == mounts_.end()) return nullptr;
  const auto found = views_.find(mount->second.id);
  return found == views_.end() ? nullptr : &found->second;
}

ChannelView* SimClient::view_of(SubscriptionId id) {
  const auto found = views_.find(id);
  return found == views_.end() ? nullptr : &found->second;
}

std::optional<std::string> SimClient::missing() const {
  if (!wants_connection_) return std::nullopt;
  if (!connected()) return name() + " is not live";
  if (!publishing_.empty() || session_->outbox_size() != 0) {
    return name() + " has " + std::to_string(publishing_.size()) + " publishes open";
  }
  for (const auto& [channel, mount] : mounts_) {
    if (mount.references == 0) continue;
    const ChannelView& held = views_.at(mount.id);
    if (const auto lacks = parts_.delivery.missing(held)) return held.who + " " + *lacks;
  }
  return std::nullopt;
}

}  // namespace tidegate::sim
