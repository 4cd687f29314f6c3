// Random behaviour of one client.
#include "tests/sim/client_workload.h"

namespace tidegate::sim {

using namespace std::chrono_literals;

namespace {

/// Each row may bring about more rows. All clients together stay within the window in which a
/// repetition is recognized (limits::idempotency_window_entries_default): the oracle knows no end
/// of it.
constexpr std::uint64_t kPublishesFromCallbacksMax = 1000;

}  // namespace

ClientWorkload::ClientWorkload(SimContext& context, const SimDirectory& directory,
                               IntentMaker& intents, SimClient& client)
    : context_(context),
      directory_(directory),
      intents_(intents),
      client_(client),
      prng_(context.prng("workload " + std::to_string(client.index()))) {}

void ClientWorkload::every(Duration mean, Instant until, bool only_faults, Step step) {
  if (mean == 0us) return;
  context_.queue.after(prng_.duration_up_to(2 * mean), [this, mean, until, only_faults, step] {
    if (context_.queue.now() >= until || (only_faults && !context_.faults_on)) return;
    (this->*step)();
    every(mean, until, only_faults, step);
  });
}

void ClientWorkload::start(Instant until) {
  const auto& workload = context_.options.workload;
  const auto& clients = context_.options.clients;
  for (std::uint32_t channel = 0; channel < directory_.channel_count(); ++channel) {
    if (prng_.one_in(4)) continue;
    const auto history = static_cast<std::uint32_t>(prng_.below(10));
    subscribe(channel, SimClient::From::History, prng_.one_in(3) ? 0 : history);
  }
  context_.queue.after(prng_.duration_up_to(500ms), [this] { client_.connect(); });
  every(workload.subscribe_toggle_every, until, false, &ClientWorkload::toggle);
  every(workload.client_publish_every, until, false, &ClientWorkload::publish);
  every(clients.offline_every, until, true, &ClientWorkload::lose_network);
  every(clients.resume_every, until, true, &ClientWorkload::resume);
  every(clients.reload_every, until, true, &ClientWorkload::reload);
  client_.on_row([this] { publish_from_callback(); });
}

SimClient::Wish ClientWorkload::random_wish(std::uint32_t channel) {
  if (directory_.channel(channel).kind != SimChannelKind::State) return {channel};
  const std::uint32_t filters = context_.options.workload.filters;
  if (filters == 0 || prng_.one_in(3)) return {channel};
  return {channel, static_cast<std::uint32_t>(1 + prng_.below(filters))};
}

Duration ClientWorkload::random_interval() {
  const auto& workload = context_.options.workload;
  if (!prng_.one_in(workload.paced_one_in)) return Duration{0};
  return prng_.duration_up_to(workload.paced_interval);
}

void ClientWorkload::subscribe(std::uint32_t channel, SimClient::From from, std::uint32_t history) {
  client_.subscribe(random_wish(channel), from, history, random_interval());
}

void ClientWorkload::toggle() {
  if (prng_.one_in(24)) {
    client_.disconnect();
    context_.queue.after(prng_.duration_up_to(1s), [this] { client_.connect(); });
    return;
  }
  toggle(random_wish(random_channel()));
}

void ClientWorkload::toggle(SimClient::Wish wish) {
  const auto history = static_cast<std::uint32_t>(prng_.below(20));
  SimClient::From from = SimClient::From::History;
  if (prng_.one_in(2)) from = SimClient::From::HeldPosition;
  if (prng_.one_in(context_.options.workload.bogus_since_one_in)) {
    from = SimClient::From::BogusPosition;
  }
  // Or: a second component.
  if (!client_.wants(wish) || prng_.one_in(4)) {
    return client_.subscribe(wish, from, history, random_interval());
  }
  client_.unsubscribe(wish);
  if (prng_.one_in(3)) {  // StrictMode
    client_.subscribe(wish, SimClient::From::Now, 0, random_interval());
  }
}

void ClientWorkload::publish() {
  const std::uint32_t channel = random_channel();
  const ChannelRef where{client_.tenant(), channel};
  const std::string key = prng_.one_in(2) ? "" : client_.name() + " key " + std::to_string(keys_++);
  const bool allowed =
      client_.may_publish(channel) && directory_.channel(channel).kind != SimChannelKind::Replay;
  if (!allowed) return client_.publish(intents_.make_forbidden(where, key));
  if (prng_.one_in(context_.options.workload.invalid_one_in)) {
    return client_.publish(intents_.make_invalid(where, key));
  }
  const std::uint64_t intent = intents_.make(where, key);
  client_.publish(intent);
  if (!key.empty() && intents_.may_repeat(intent) &&
      prng_.one_in(context_.options.workload.duplicate_one_in)) {
    client_.publish(intent);
  }
}

void ClientWorkload::publish_from_callback() {
  if (prng_.one_in(2)) {
    if (published_from_callbacks_++ < kPublishesFromCallbacksMax) publish();
    return;
  }
  const SimClient::Wish wish = random_wish(random_channel());
  if (client_.wants(wish)) client_.unsubscribe(wish);
  if (prng_.one_in(2)) client_.subscribe(wish, SimClient::From::Now, 0, random_interval());
}

void ClientWorkload::lose_network() {
  if (!client_.online()) return;
  client_.set_network(false);
  context_.queue.after(prng_.duration_up_to(context_.options.clients.offline_max),
                       [this] { client_.set_network(true); });
}

void ClientWorkload::come_to_rest() {
  if (!client_.online()) client_.set_network(true);
  client_.connect();
}

}  // namespace tidegate::sim
