// Draws a run's options from its seed. Sizes are mostly small (small runs find most bugs, and find
// them fast), sometimes hundreds of clients; each kind of fault is on in about half of the runs.
#include "tests/sim/sim_options.h"

#include <algorithm>

#include "core/base/prng.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : prng_(seed ^ 0x5157A3D1CEULL) {}

  bool coin() { return prng_.one_in(2); }
  bool one_in(std::uint64_t n) { return prng_.one_in(n); }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + prng_.below(high - low + 1);
  }
  std::uint32_t small(std::uint32_t low, std::uint32_t high) {
    return static_cast<std::uint32_t>(between(low, high));
  }
  Duration time(Duration low, Duration high) { return low + prng_.duration_up_to(high - low); }
  /// Off in half of the runs.
  std::uint64_t chance(std::uint64_t low, std::uint64_t high) {
    return coin() ? between(low, high) : 0;
  }
  Duration rate(Duration low, Duration high) { return coin() ? time(low, high) : Duration{0}; }

 private:
  Prng prng_;
};

std::uint32_t draw_client_count(Draw& draw) {
  if (draw.one_in(160)) return draw.small(100, 300);
  if (draw.one_in(20)) return draw.small(16, 40);
  return draw.small(1, 8);
}

void draw_network(Draw& draw, const SimOptions& options, NetworkOptions& network) {
  network.latency_min = draw.time(50us, 5ms);
  network.latency_spread = draw.coin() ? draw.time(0us, 3ms) : draw.time(5ms, 300ms);
  // Rates are for the whole network: a crowd sees as many faults per second as a few do.
  network.cut_every = draw.rate(200ms, 4s);
  network.half_open_every = draw.rate(1s, 8s);
  network.stall_every = draw.rate(200ms, 4s);
  network.stall_max = draw.time(100ms, 8s);
  network.lose_one_in = draw.one_in(5) ? draw.between(20, 300) : 0;
  network.earlier_cut_one_in = draw.one_in(3) ? draw.between(2, 12) : 0;
  network.blackhole_one_in = draw.chance(3, 12);
  network.late_close_one_in = draw.chance(1, 4);
  network.slow_reader_one_in = draw.chance(2, 6);
  network.slow_bytes_per_ms = draw.between(1, 60);
  network.window_bytes = draw.coin() ? draw.between(256, 4096) : 128 * 1024;
  if (options.clients.count > 50) network.stall_max = draw.time(100ms, 2s);
}

void draw_relay(Draw& draw, RelayOptions& relay) {
  relay.shards = static_cast<std::uint16_t>(draw.one_in(4) ? draw.between(3, 5) : 2);
  relay.mailbox_delay_max = draw.coin() ? draw.time(10us, 2ms) : draw.time(2ms, 200ms);
  relay.crash_every = draw.rate(2s, 12s);
  relay.drain_every = draw.one_in(4) ? draw.time(4s, 12s) : Duration{0};
  relay.downtime_max = draw.time(50ms, 4s);
  relay.shard_count_changes = draw.one_in(3);
  relay.verify_delay_max = draw.coin() ? draw.time(0us, 5ms) : draw.time(5ms, 1s);
  relay.verify_lost_one_in = draw.one_in(4) ? draw.between(4, 16) : 0;
  relay.answer_lost_one_in = draw.chance(4, 30);
  relay.timer_late_max = draw.coin() ? Duration{0} : draw.time(0us, 50ms);
  relay.heartbeat_interval = draw.time(1s, 6s);
  relay.heartbeat_timeout = draw.time(1s, 5s);
  relay.hello_timeout = draw.time(2s, 6s);
}

void draw_store(Draw& draw, StoreOptions& store) {
  store.durable = draw.one_in(3);
  store.latency_max = draw.coin() ? draw.time(0us, 2ms) : draw.time(2ms, 300ms);
  store.sparse_offsets = draw.coin();
  store.refused_one_in = draw.chance(5, 60);
  store.unknown_one_in = draw.chance(5, 60);
  store.silent_one_in = draw.one_in(3) ? draw.between(10, 80) : 0;
  store.late_one_in = draw.one_in(3) ? draw.between(10, 80) : 0;
  store.read_fails_one_in = draw.chance(4, 20);
  store.open_fails_one_in = draw.chance(4, 20);
  store.trim_lost_one_in = draw.chance(1, 6);
  store.keeps_deletes = draw.coin();
}

void draw_clients(Draw& draw, ClientSwarmOptions& clients) {
  clients.count = draw_client_count(draw);
  clients.tenants = draw.one_in(3) ? 2 : 1;
  clients.tokens_expire = draw.one_in(3);
  clients.token_life = draw.time(2s, 12s);
  clients.token_fetch_fails_one_in = draw.chance(3, 10);
  clients.restricted_one_in = draw.chance(2, 6);
  clients.timer_late_max = draw.one_in(3) ? draw.time(10ms, 5s) : Duration{0};
  clients.offline_every = draw.one_in(3) ? draw.time(1s, 8s) : Duration{0};
  clients.resume_every = draw.one_in(3) ? draw.time(1s, 8s) : Duration{0};
  clients.reload_every = draw.one_in(3) ? draw.time(1s, 8s) : Duration{0};
  clients.wall_jump_every = draw.one_in(6) ? draw.time(1s, 8s) : Duration{0};
}

void draw_workload(Draw& draw, const SimOptions& options, WorkloadOptions& workload) {
  const bool crowd = options.clients.count > 50;
  workload.channels = crowd ? draw.small(1, 3) : draw.small(1, 6);
  workload.small_history_channels = draw.coin() ? draw.small(0, workload.channels) : 0;
  workload.http_publishers = draw.small(0, 3);
  workload.replay_publishers = draw.one_in(3) ? draw.small(1, 2) : 0;
  workload.replay_log_size = draw.small(5, 60);
  workload.http_publish_every = crowd ? draw.time(50ms, 500ms) : draw.time(5ms, 300ms);
  workload.client_publish_every = crowd ? draw.rate(500ms, 2s) : draw.rate(20ms, 500ms);
  workload.duplicate_one_in = draw.chance(3, 12);
  workload.conflict_one_in = draw.one_in(3) ? draw.between(5, 30) : 0;
  workload.burst_one_in = draw.one_in(3) ? draw.between(5, 40) : 0;
  workload.invalid_one_in = draw.one_in(4) ? draw.between(5, 40) : 0;
  workload.payload_bytes_max = draw.one_in(8) ? draw.between(1000, 30'000) : draw.between(20, 300);
  workload.binary_one_in = draw.chance(1, 6);
  workload.subscribe_toggle_every = draw.rate(50ms, 2s);
  workload.bogus_since_one_in = draw.one_in(4) ? draw.between(3, 10) : 0;
  workload.command_in_callback_one_in = draw.one_in(3) ? draw.between(4, 40) : 0;
}

void draw_records(Draw& draw, const SimOptions& options, WorkloadOptions& workload) {
  const bool crowd = options.clients.count > 50;
  if (draw.one_in(3)) return;  // without records
  workload.state_channels = crowd ? 1 : draw.small(1, 2);
  if (draw.coin()) workload.channels = 1;
  workload.small_history_channels = std::min(workload.small_history_channels, workload.channels);
  workload.state_keys = draw.coin() ? draw.small(2, 12) : draw.small(12, 80);
  if (!crowd && draw.one_in(12)) workload.state_keys = draw.small(200, 3000);
  workload.state_fill = draw.coin() ? workload.state_keys : 0;
  workload.record_pad_max = draw.one_in(3) ? draw.between(1000, 8000) : draw.between(10, 100);
  workload.state_history = draw.coin() ? draw.small(3, 40) : 1000;
  workload.records_max = draw.one_in(6) ? std::max(2U, workload.state_keys / 2) : 0;
  workload.record_ttl = draw.one_in(4) ? draw.time(500ms, 6s) : Duration{0};
  workload.hot_key_one_in = draw.chance(2, 4);
  workload.delete_one_in = draw.chance(3, 12);
  workload.merge_one_in = draw.chance(1, 4);
  workload.if_version_one_in = draw.chance(2, 6);
  // A store that forgets deletes forgets their publishers' counts.
  const bool may_count = options.store.keeps_deletes || workload.delete_one_in == 0;
  workload.source_version_one_in =
      may_count && workload.record_ttl == Duration{0} ? draw.chance(2, 6) : 0;
  workload.filters = draw.coin() ? draw.small(1, 5) : 0;
  workload.paced_one_in = draw.chance(1, 4);
  workload.paced_interval = draw.time(50ms, 2s);
}

/// Bytes change on their way: digests have to find it, which takes readers who keep pace, and some
/// time with news.
void draw_corruption(Draw& draw, SimOptions& options) {
  auto& workload = options.workload;
  if (workload.state_channels == 0 || !draw.one_in(6)) return;
  options.network.corrupt_one_in = draw.between(3, 30);
  workload.paced_one_in = 0;
  // Most records stay as they are, so that no change heals them by chance.
  workload.state_keys = std::max(workload.state_keys, 40U);
  workload.state_fill = workload.state_keys;
  workload.hot_key_one_in = 2;
  options.phases.after_faults = 30s;
}

/// What differs between connections. Last, so that what was drawn before stays what it was.
void draw_sessions(Draw& draw, SimOptions& options) {
  options.clients.outsider_one_in = draw.chance(1, 4);
  if (options.workload.state_channels > 0 && draw.one_in(3)) {
    options.workload.deletes_remembered = draw.small(1, 12);
  }
  // What is to be refused is not always text that stands in a message of JSON.
  if (options.workload.invalid_one_in == 0) options.relay.json_one_in = draw.chance(1, 4);
}

/// Readers stay away while records are deleted, and come back to a relay that has forgotten which:
/// they may be given changes only from where it still knows them.
void draw_absences(Draw& draw, SimOptions& options) {
  auto& workload = options.workload;
  if (workload.state_channels == 0 || !draw.one_in(8)) return;
  options.store.durable = true;
  options.store.keeps_deletes = false;
  options.store.late_one_in = 0;
  options.relay.crash_every = draw.time(2s, 4s);
  options.clients.offline_every = draw.time(500ms, 2s);
  options.clients.offline_max = draw.time(4s, 10s);
  workload.state_history = draw.small(2, 6);
  workload.state_keys = draw.small(40, 80);
  workload.state_fill = workload.state_keys;
  workload.hot_key_one_in = 0;
  workload.delete_one_in = 2;
  workload.source_version_one_in = 0;  // whose count goes with a delete that is forgotten
}

/// Passes have several pages, so long that more is deleted meanwhile than is remembered: what a
/// reader in the midst of one has yet to be told of is forgotten.
void draw_long_passes(Draw& draw, SimOptions& options) {
  auto& workload = options.workload;
  if (workload.state_channels == 0 || options.clients.count > 50 || !draw.one_in(12)) return;
  const auto latency = options.network.latency_min;
  options.network = {};
  options.network.latency_min = latency;
  options.network.slow_reader_one_in = draw.between(1, 2);
  options.network.slow_bytes_per_ms = draw.between(200, 600);
  options.network.window_bytes = 4096;
  options.network.cut_every = draw.rate(1s, 3s);
  options.relay.crash_every = options.relay.drain_every = Duration{0};
  options.clients.count = draw.small(2, 4);
  options.clients.offline_every = options.clients.reload_every = Duration{0};
  options.phases.faults = draw.time(6s, 12s);
  workload.channels = workload.state_channels = 1;
  workload.small_history_channels = 0;
  workload.http_publishers = 2;
  workload.http_publish_every = draw.time(10ms, 20ms);
  workload.client_publish_every = Duration{0};
  workload.state_keys = workload.state_fill = draw.small(60, 120);
  workload.record_pad_max = draw.between(4000, 8000);
  workload.state_history = draw.small(2, 6);
  workload.records_max = 0;
  workload.record_ttl = workload.subscribe_toggle_every = Duration{0};
  workload.hot_key_one_in = 0;
  workload.delete_one_in = draw.between(20, 60);
  workload.deletes_remembered = draw.small(6, 12);
  workload.purge_one_in = draw.between(100, 300);
  workload.purge_size = 2 * workload.deletes_remembered;
}

/// Keys are forgotten within the run, so that what is repeated is a publication again. Nothing is
/// published that could be refused by then, though it was accepted when it came first.
void draw_short_window(Draw& draw, SimOptions& options) {
  auto& workload = options.workload;
  if (options.clients.count > 50 || !draw.one_in(8)) return;
  workload.idempotency_age = std::chrono::milliseconds(draw.between(1500, 6000));
  options.clients.wall_jump_every = Duration{0};  // by which all keys would be forgotten
  workload.duplicate_one_in = draw.between(2, 4);
  workload.http_publishers = std::max(1U, workload.http_publishers);
  workload.replay_publishers = workload.signal_channels = 0;
  workload.conflict_one_in = workload.merge_one_in = workload.if_version_one_in = 0;
  workload.source_version_one_in = workload.log_source_one_in = 0;
  workload.records_max = 0;
}

/// Readers of signals who come back on other shards, whose mirrors lag behind what they have had.
void draw_hops(Draw& draw, SimOptions& options) {
  auto& workload = options.workload;
  if (workload.signal_channels == 0 || options.clients.count > 50 || !draw.one_in(6)) return;
  options.clients.count = draw.small(4, 8);
  options.clients.offline_every = options.clients.wall_jump_every = Duration{0};
  options.network.cut_every = draw.time(50ms, 200ms);
  options.network.blackhole_one_in = 0;
  options.relay.crash_every = options.relay.drain_every = Duration{0};
  options.relay.mailbox_delay_max = draw.time(100ms, 300ms);
  options.relay.verify_delay_max = draw.time(0us, 5ms);
  workload.channels = 1;
  workload.small_history_channels = workload.state_channels = 0;
  workload.http_publishers = 2;
  workload.http_publish_every = draw.time(5ms, 20ms);
  workload.paced_one_in = 0;
}

/// Deletes are forgotten, and with them what their publishers counted, between the floor of history
/// and its top: the next process must judge what is in between as this one did.
void draw_counts(Draw& draw, SimOptions& options) {
  auto& workload = options.workload;
  if (workload.state_channels == 0 || options.clients.count > 50 || !draw.one_in(12)) return;
  options.store.durable = options.store.keeps_deletes = true;
  options.store.latency_max = draw.time(0us, 5ms);
  options.relay.crash_every = draw.time(1s, 3s);
  workload.http_publishers = 2;
  workload.http_publish_every = draw.time(5ms, 20ms);
  workload.state_keys = draw.small(6, 20);
  workload.state_history = draw.small(10, 40);
  workload.hot_key_one_in = 2;
  workload.record_ttl = workload.idempotency_age = Duration{0};
  workload.deletes_remembered = draw.small(1, 4);
  workload.delete_one_in = draw.between(2, 4);
  workload.source_version_one_in = draw.between(1, 2);
}

/// What is changed on its way is the last that is said of a channel: only the digests of a quiet
/// channel are left to find it by.
void draw_last_words(Draw& draw, SimOptions& options) {
  if (options.network.corrupt_one_in == 0 || !draw.coin()) return;
  options.network.corrupt_one_in = 2;
  options.phases.after_faults = Duration{0};
  options.phases.last_words_in_faults = true;
}

/// Whole kinds of trouble, each wholly off in a quarter of the runs.
void switch_off(Draw& draw, SimOptions& options) {
  const auto off = [&draw] { return draw.one_in(4); };
  if (off()) {
    const auto window = options.network.window_bytes;
    const auto latency = options.network.latency_min;
    options.network = {};
    options.network.window_bytes = window;
    options.network.latency_min = latency;
  }
  if (off()) {
    auto& relay = options.relay;
    relay.crash_every = relay.drain_every = relay.timer_late_max = Duration{0};
    relay.verify_lost_one_in = relay.answer_lost_one_in = 0;
  }
  if (off()) {
    const bool durable = options.store.durable;
    const bool keeps_deletes = options.store.keeps_deletes;
    options.store = {};
    options.store.durable = durable;
    options.store.keeps_deletes = keeps_deletes;
  }
  if (off()) {
    auto& clients = options.clients;
    clients.tokens_expire = false;
    clients.token_fetch_fails_one_in = 0;
    clients.timer_late_max = clients.offline_every = clients.resume_every = Duration{0};
    clients.reload_every = clients.wall_jump_every = Duration{0};
  }
}

}  // namespace

SimOptions draw_options(std::uint64_t seed) {
  Draw draw(seed);
  SimOptions options;
  options.seed = seed;
  draw_clients(draw, options.clients);
  draw_network(draw, options, options.network);
  draw_relay(draw, options.relay);
  draw_store(draw, options.store);
  draw_workload(draw, options, options.workload);
  draw_records(draw, options, options.workload);
  if (draw.one_in(3)) options.workload.signal_channels = 1;
  switch_off(draw, options);
  const bool crowd = options.clients.count > 50;
  options.phases.faults = crowd ? draw.time(2s, 5s) : draw.time(2s, 15s);
  // What a dead process had sent to a store that outlived it may land late. Nobody was told of it,
  // so it shows with the next append: the last publications come after that.
  if (options.store.durable && options.store.late_one_in != 0) options.phases.after_faults = 16s;
  draw_corruption(draw, options);
  options.phases.linger = draw.one_in(16) ? draw.time(30s, 120s) : draw.time(0s, 2s);
  options.workload.listed = draw.coin();
  draw_absences(draw, options);
  draw_sessions(draw, options);
  draw_long_passes(draw, options);
  if (draw.one_in(3)) options.workload.log_source_one_in = draw.between(1, 4);
  draw_short_window(draw, options);
  draw_hops(draw, options);
  draw_counts(draw, options);
  draw_last_words(draw, options);
  return options;
}

std::string describe(const SimOptions& options) {
  const auto number = [](const char* name, auto value) {
    return std::string(" ") + name + "=" + std::to_string(value);
  };
  const auto time = [](const char* name, Duration value) {
    return value == Duration{0}
               ? std::string()
               : std::string(" ") + name + "=" + std::to_string(value.count() / 1000) + "ms";
  };
  const auto chance = [](const char* name, std::uint64_t one_in) {
    return one_in == 0 ? std::string() : std::string(" ") + name + "=1/" + std::to_string(one_in);
  };
  const auto& network = options.network;
  const auto& relay = options.relay;
  const auto& store = options.store;
  const auto& clients = options.clients;
  const auto& workload = options.workload;
  return "clients:" + number("count", clients.count) + number("tenants", clients.tenants) +
         number("tokens_expire", clients.tokens_expire) +
         chance("restricted", clients.restricted_one_in) +
         chance("outsider", clients.outsider_one_in) + time("timers_late", clients.timer_late_max) +
         time("offline", clients.offline_every) + time("for", clients.offline_max) +
         time("resume", clients.resume_every) + time("reload", clients.reload_every) +
         time("wall_jump", clients.wall_jump_every) +
         "\nnetwork:" + time("latency", network.latency_min + network.latency_spread) +
         time("cut", network.cut_every) + time("half_open", network.half_open_every) +
         time("stall", network.stall_every) + chance("lose", network.lose_one_in) +
         chance("earlier_cut", network.earlier_cut_one_in) +
         chance("corrupt", network.corrupt_one_in) + chance("blackhole", network.blackhole_one_in) +
         chance("slow", network.slow_reader_one_in) + number("window", network.window_bytes) +
         "\nrelay:" + number("shards", relay.shards) +
         number("changes", relay.shard_count_changes) + time("mail", relay.mailbox_delay_max) +
         time("crash", relay.crash_every) + time("drain", relay.drain_every) +
         time("verify", relay.verify_delay_max) + chance("verify_lost", relay.verify_lost_one_in) +
         chance("answer_lost", relay.answer_lost_one_in) + chance("json", relay.json_one_in) +
         "\nstore:" + number("durable", store.durable) + time("latency", store.latency_max) +
         number("sparse", store.sparse_offsets) + chance("refused", store.refused_one_in) +
         chance("unknown", store.unknown_one_in) + chance("silent", store.silent_one_in) +
         chance("late", store.late_one_in) + chance("read_fails", store.read_fails_one_in) +
         chance("open_fails", store.open_fails_one_in) +
         chance("trim_lost", store.trim_lost_one_in) +
         number("keeps_deletes", store.keeps_deletes) +
         "\nworkload:" + number("channels", workload.channels) +
         number("tiny", workload.small_history_channels) +
         number("http", workload.http_publishers) + number("replay", workload.replay_publishers) +
         time("http_every", workload.http_publish_every) +
         time("client_every", workload.client_publish_every) +
         time("toggle", workload.subscribe_toggle_every) +
         chance("duplicate", workload.duplicate_one_in) +
         chance("conflict", workload.conflict_one_in) +
         chance("bogus", workload.bogus_since_one_in) +
         chance("in_callback", workload.command_in_callback_one_in) +
         number("payload", workload.payload_bytes_max) +
         chance("log_source", workload.log_source_one_in) +
         time("keys_for", workload.idempotency_age) +
         "\nrecords:" + number("channels", workload.state_channels) +
         number("keys", workload.state_keys) + number("fill", workload.state_fill) +
         number("pad", workload.record_pad_max) + number("history", workload.state_history) +
         number("max", workload.records_max) + number("deletes", workload.deletes_remembered) +
         time("ttl", workload.record_ttl) + chance("hot", workload.hot_key_one_in) +
         chance("delete", workload.delete_one_in) + chance("purge", workload.purge_one_in) +
         chance("merge", workload.merge_one_in) + chance("if_version", workload.if_version_one_in) +
         chance("source", workload.source_version_one_in) + number("filters", workload.filters) +
         chance("paced", workload.paced_one_in) + number("signals", workload.signal_channels) +
         number("listed", workload.listed) + "\nphases:" + time("faults", options.phases.faults) +
         time("linger", options.phases.linger);
}

}  // namespace tidegate::sim
