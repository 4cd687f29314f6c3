// The application's commands and what happens to a client. (The shell is in sim_client_shell.cc,
// what the application is told in sim_client_views.cc.)
#include "tests/sim/sim_client.h"
#include "tests/sim/check/record_filters.h"
#include "tests/sim/intents.h"

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

std::string SimClient::who(Wish wish) const {
  const std::string filter =
      wish.filter == 0 ? "" : " through filter " + std::to_string(wish.filter);
  return name() + (rights_.is_outsider ? ", an outsider," : "") + " on " +
         parts_.directory.channel(wish.channel).name.str() + filter;
}

SubscribeOptions SimClient::options_for(Wish wish, From from, std::uint32_t history) {
  SubscribeOptions options;
  options.history = from == From::Now ? 0 : history;
  options.filter = record_filter_text(wish.filter);
  const ChannelView* held = view_as<ChannelView>(wish);
  const RecordsView* records = view_as<RecordsView>(wish);
  const bool bogus =
      (held != nullptr && held->bogus_since) ||
      (records != nullptr && (records->bogus_since || wish.filter != 0 || rights_.is_outsider));
  const auto& held_epoch = held != nullptr      ? held->epoch
                           : records != nullptr ? records->epoch
                                                : std::nullopt;
  if (!held_epoch || bogus) return options;
  auto epoch = Epoch::parse(*held_epoch);
  TIDEGATE_CHECK(epoch.ok());
  if (from == From::HeldPosition) {
    options.since =
        StreamPosition{*epoch, Offset{held != nullptr ? held->position : records->position}};
  } else if (from == From::BogusPosition) {
    if (prng_.one_in(2)) epoch = Epoch::from_entropy(prng_.next());
    options.since = StreamPosition{*epoch, Offset{kOffsetThatNeverComes + prng_.below(1000)}};
  }
  return options;
}

ChannelView SimClient::new_log_view(Wish wish, From from, const SubscribeOptions& options) const {
  ChannelView fresh;
  const ChannelView* held = view_as<ChannelView>(wish);
  if (options.since && from == From::HeldPosition) fresh = *held;
  fresh.channel = {tenant_, wish.channel};
  fresh.who = who(wish);
  fresh.history = options.history;
  fresh.may_subscribe = may_subscribe(wish.channel);
  fresh.live = false;
  fresh.ended = false;
  if (options.since && from == From::BogusPosition) {
    fresh.bogus_since = true;
    fresh.epoch = options.since->epoch.token();
    fresh.position = options.since->offset.value;
  }
  return fresh;
}

SimClient::View SimClient::new_view(Wish wish, From from, const SubscribeOptions& options) const {
  const SimChannelKind kind = parts_.directory.channel(wish.channel).kind;
  if (kind == SimChannelKind::State) {
    // Whatever position it comes from, a page that begins holds no records.
    RecordsView fresh;
    fresh.channel = {tenant_, wish.channel};
    fresh.sight = {wish.filter, rights_.is_outsider};
    fresh.who = who(wish);
    fresh.may_subscribe = may_subscribe(wish.channel);
    fresh.bogus_since = options.since.has_value();
    return fresh;
  }
  if (kind != SimChannelKind::Signal) return new_log_view(wish, from, options);
  SignalView fresh;
  fresh.channel = {tenant_, wish.channel};
  fresh.client = index_;
  fresh.who = who(wish);
  fresh.may_subscribe = may_subscribe(wish.channel);
  return fresh;
}

void SimClient::subscribe(Wish wish, From from, std::uint32_t history, Duration min_interval) {
  Mount& mount = mounts_[wish];
  // From inside a callback, rows may still be on their way to it: a position is of no use there.
  if (in_turn_) from = From::Now;
  const bool shared = mount.references > 0;
  SubscribeOptions options = shared ? SubscribeOptions{} : options_for(wish, from, history);
  options.filter = record_filter_text(wish.filter);
  options.min_interval_ms = static_cast<std::uint32_t>(min_interval.count() / 1000);
  const auto result =
      session_->subscribe(context_.now(), parts_.directory.channel(wish.channel).name, options);
  context_.note("app.subscribe", index_, wish.channel, static_cast<std::uint64_t>(from));
  if (!result) return context_.fail("I7", name() + " cannot subscribe: " + result.error().message);
  if (*result != mount.id) {
    if (shared) return context_.fail("I1", name() + ": one channel, two subscriptions");
    View fresh = new_view(wish, from, options);
    views_[*result] = std::move(fresh);
    mount.id = *result;
  }
  ++mount.references;
  turn();
}

void SimClient::unsubscribe(Wish wish) {
  Mount& mount = mounts_[wish];
  if (mount.references == 0) return;
  context_.note("app.unsubscribe", index_, wish.channel);
  --mount.references;
  const Status status = session_->unsubscribe(context_.now(), mount.id);
  const View* held = view_of(mount.id);
  const bool ended =
      held == nullptr || std::visit([](const auto& view) { return view.ended; }, *held);
  if (!status && !ended) {
    context_.fail("I7", name() + " cannot unsubscribe: " + status.error().message);
  }
  turn();
}

void SimClient::publish(std::uint64_t id) {
  const Intent& intent = parts_.oracle.intent(id);
  PublicationDraft draft = draft_of(intent);
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
  std::map<Wish, View> kept;
  for (const auto& [wish, mount] : mounts) kept.emplace(wish, views_.at(mount.id));
  views_.clear();
  begin_session();
  if (!online_) session_->handle_network(context_.now(), false);
  for (const auto& [wish, mount] : mounts) {
    if (mount.references == 0) continue;
    // The page finds its data and position where it had stored them, under an id of old.
    mounts_[wish] = {SubscriptionId::None, 0};
    const View& stored = views_.emplace(SubscriptionId::None, kept.at(wish)).first->second;
    const auto* log = std::get_if<ChannelView>(&stored);
    subscribe(wish, From::HeldPosition, log == nullptr ? 0 : log->history, {});
    views_.erase(SubscriptionId::None);
  }
  if (wants_connection_) connect();
}

// ---- getters

bool SimClient::wants(Wish wish) const {
  const auto found = mounts_.find(wish);
  return found != mounts_.end() && found->second.references > 0;
}

std::optional<std::string> SimClient::missing() const {
  if (!wants_connection_) return std::nullopt;
  if (!connected()) return name() + " is not live";
  if (!publishing_.empty() || session_->outbox_size() != 0) {
    return name() + " has " + std::to_string(publishing_.size()) + " publishes open";
  }
  for (const auto& [wish, mount] : mounts_) {
    if (mount.references == 0) continue;
    if (const auto lacks = missing(mount, views_.at(mount.id))) return who(wish) + " " + *lacks;
  }
  return std::nullopt;
}

}  // namespace tidegate::sim
