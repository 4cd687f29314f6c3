// Phases of a random run: workload under faults; workload without faults; then silence, in which
// everybody must become live and complete; then idleness, in which nothing may happen.
#include "tests/sim/sim_world.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kStepsAtOneInstantMax = 200'000;
constexpr Duration kSettlePoll = 250ms;
constexpr Duration kLastWords = 2s;
/// Looked for every history_expiry_interval_min, and some of it takes several turns.
constexpr Duration kExpirySlack = 20s;

}  // namespace

SimWorld::SimWorld(const SimOptions& options, bool verbose)
    : context_(options, verbose),
      prng_(context_.prng("world")),
      directory_(options),
      tokens_(directory_),
      access_(context_, directory_, tokens_, oracle_),
      limits_(context_, directory_),
      delivery_(context_, oracle_, directory_),
      records_(context_, oracle_),
      signals_(context_, oracle_),
      signal_ages_(context_),
      publishes_(context_, oracle_, directory_, signals_),
      liveness_(context_),
      network_(context_),
      wire_faults_(context_, directory_),
      store_(context_, oracle_, directory_),
      relay_({context_, network_, store_, directory_, tokens_, access_, limits_, wire_faults_,
              signals_, signal_ages_}),
      intents_(context_, oracle_, directory_) {
  network_.attach_relay(&relay_);
  relay_.start();
}

SimWorld::~SimWorld() = default;

SimClient::Parts SimWorld::client_parts() {
  return {context_, network_, tokens_,    directory_, oracle_,   delivery_,
          records_, signals_, publishes_, limits_,    liveness_, wire_faults_};
}

PublisherParts SimWorld::publisher_parts() {
  return {context_, relay_, directory_, oracle_, intents_, publishes_};
}

SimClient& SimWorld::add_client(SimClient::Rights rights, std::uint32_t tenant) {
  const auto index = static_cast<std::uint32_t>(clients_.size());
  clients_.push_back(std::make_unique<SimClient>(client_parts(), index, tenant, rights));
  return *clients_.back();
}

HttpPublisher& SimWorld::add_publisher(std::uint32_t tenant) {
  const auto index = static_cast<std::uint32_t>(publishers_.size());
  publishers_.push_back(std::make_unique<HttpPublisher>(publisher_parts(), index, tenant));
  return *publishers_.back();
}

// ---- time

bool SimWorld::step(Instant limit) {
  if (context_.failed()) return false;
  if (!context_.queue.step(limit)) return false;
  if (context_.queue.steps_at_this_instant() > kStepsAtOneInstantMax) {
    context_.fail("I7", "time stands still: something happens for ever at one instant");
  }
  return true;
}

void SimWorld::run_for(Duration time) {
  const Instant limit = context_.queue.now() + time;
  while (step(limit)) {
  }
  if (!context_.failed()) context_.queue.advance_to(limit);
}

bool SimWorld::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = context_.queue.now() + limit;
  while (!done()) {
    if (!step(end)) return done();
  }
  return true;
}

// ---- a random run

void SimWorld::populate() {
  const auto& options = context_.options;
  for (std::uint32_t i = 0; i < options.clients.count; ++i) {
    SimClient::Rights rights;
    if (prng_.one_in(options.clients.restricted_one_in)) {
      rights = {prng_.next(), prng_.next()};
    }
    rights.is_outsider = prng_.one_in(options.clients.outsider_one_in);
    add_client(rights, static_cast<std::uint32_t>(prng_.below(options.clients.tenants)));
    workloads_.push_back(
        std::make_unique<ClientWorkload>(context_, directory_, intents_, *clients_.back()));
  }
  for (std::uint32_t i = 0; i < options.workload.http_publishers; ++i) {
    add_publisher(static_cast<std::uint32_t>(prng_.below(options.clients.tenants)));
  }
  if (options.workload.state_fill > 0) fill();
  for (std::uint32_t i = 0; i < options.workload.replay_publishers; ++i) {
    const ChannelRef channel{0, options.workload.channels + i};
    replayers_.push_back(std::make_unique<ReplayPublisher>(publisher_parts(), i, channel));
  }
}

/// Records that were there before anybody looked.
void SimWorld::fill() {
  for (std::uint32_t tenant = 0; tenant < context_.options.clients.tenants; ++tenant) {
    HttpPublisher& publisher = add_publisher(tenant);
    for (const std::uint32_t channel : directory_.writable()) {
      if (directory_.channel(channel).kind == SimChannelKind::State) publisher.fill(channel);
    }
  }
}

void SimWorld::jump_wall_clock() {
  // Forwards or backwards, within four minutes of the truth.
  const auto jump =
      std::chrono::duration_cast<std::chrono::milliseconds>(prng_.duration_up_to(480s));
  context_.wall_jump = jump - 240s;
  context_.wall_has_jumped = true;
  context_.note("wall.jump", static_cast<std::uint64_t>(jump.count()));
  const Duration every = context_.options.clients.wall_jump_every;
  context_.queue.after(prng_.duration_up_to(2 * every), [this] {
    if (context_.faults_on) jump_wall_clock();
  });
}

SimReport SimWorld::run() {
  const auto& options = context_.options;
  populate();
  const Instant until = context_.queue.now() + options.phases.faults + options.phases.after_faults;
  for (auto& workload : workloads_) workload->start(until);
  for (auto& publisher : publishers_) publisher->start(until);
  for (auto& replayer : replayers_) replayer->start();
  network_.start_faults();
  relay_.start_faults();
  if (options.clients.wall_jump_every > 0us) {
    context_.queue.after(prng_.duration_up_to(options.clients.wall_jump_every), [this] {
      if (context_.faults_on) jump_wall_clock();
    });
  }
  run_for(options.phases.faults);
  if (!options.phases.last_words_in_faults) end_faults();
  run_for(options.phases.after_faults);
  for (auto& workload : workloads_) workload->come_to_rest();
  say_goodbye();
  if (options.phases.last_words_in_faults) run_for(kLastWords);
  settle();
  await_expiry();
  run_for(options.phases.linger);
  publishes_.check_all();
  publishes_.check_order();
  signals_.check_shedding();
  return report();
}

void SimWorld::end_faults() {
  if (!context_.faults_on) return;
  context_.faults_on = false;
  context_.note("faults.end");
  liveness_.faults_ended();
  network_.heal();
  relay_.heal();
}

/// A last publication for every channel: being live must mean something.
void SimWorld::say_goodbye() {
  for (std::uint32_t tenant = 0; tenant < context_.options.clients.tenants; ++tenant) {
    HttpPublisher& publisher = add_publisher(tenant);
    for (const std::uint32_t channel : directory_.writable()) publisher.publish(channel);
  }
}

std::size_t SimWorld::records_left() const {
  std::size_t left = 0;
  oracle_.each_stream([&](const OracleStream& stream) {
    if (stream.epoch != oracle_.current_epoch(stream.channel)) return;
    left += oracle_.find_records(stream.channel, stream.epoch)->existing();
  });
  return left;
}

/// Where records grow too old, all of them go once nobody publishes any more, and readers see it.
void SimWorld::await_expiry() {
  const Duration ttl = context_.options.workload.record_ttl;
  if (ttl == Duration{0} || context_.wall_has_jumped || context_.failed()) return;
  if (!run_until([this] { return records_left() == 0; }, ttl + kExpirySlack)) {
    return context_.fail("I7", std::to_string(records_left()) + " records outlive their time");
  }
  settle();
}

std::optional<std::string> SimWorld::missing() const {
  if (!relay_.listening()) return "the relay is down";
  for (const auto& publisher : publishers_) {
    if (publisher->open() != 0) return "an HTTP publisher has publishes open";
  }
  for (const auto& replayer : replayers_) {
    if (auto lacks = replayer->missing()) return lacks;
  }
  for (const auto& client : clients_) {
    if (auto lacks = client->missing()) return lacks;
  }
  return std::nullopt;
}

void SimWorld::settle() {
  end_faults();
  const Instant end = context_.queue.now() + context_.options.phases.settle_max;
  while (!context_.failed() && context_.queue.now() < end) {
    if (!missing()) return;
    run_for(kSettlePoll);
  }
  if (context_.failed()) return;
  if (const auto lacks = missing()) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(context_.options.phases.settle_max);
    context_.fail(
        "I7", "not well " + std::to_string(seconds.count()) + " s after the last fault: " + *lacks);
  }
}

SimReport SimWorld::report() const {
  SimReport report;
  report.seed = context_.options.seed;
  report.trace_hash = context_.trace.hash();
  report.steps = context_.queue.steps();
  report.violations = context_.violations;
  report.rows = delivery_.rows_seen();
  report.recovered = delivery_.recovered();
  for (const auto reason : {SnapshotReason::NoPosition, SnapshotReason::EpochChanged,
                            SnapshotReason::HistoryExceeded, SnapshotReason::PositionUnknown}) {
    report.snapshots += delivery_.snapshots(reason);
  }
  report.acknowledgements = publishes_.acknowledgements();
  report.attempts = liveness_.attempts();
  report.record_rows = records_.rows_seen();
  report.quiet_points = records_.quiet_points();
  report.swept = records_.swept();
  report.conflicts = publishes_.conflicts();
  report.signals = signals_.rows_seen();
  report.earlier_cuts = wire_faults_.earlier_cuts();
  report.corruptions = wire_faults_.corruptions();
  report.stale = publishes_.stale();
  report.replayed = publishes_.replayed();
  return report;
}

SimReport run_seed(std::uint64_t seed, bool verbose) {
  SimWorld world(draw_options(seed), verbose);
  return world.run();
}

}  // namespace tidegate::sim
