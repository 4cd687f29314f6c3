// Everything a run can be told: sizes, rates, and one family of numbers for each kind of fault. A
// seed draws them (draw_options) so that each run has some kinds of fault wholly off: a system that
// is always hit by everything never gets far enough to break in the interesting ways (swarm
// testing). A rate `*_every` is the mean time between two faults of that kind; zero means never. A
// chance `*_one_in` is one in so many; zero means never.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/time.h"

namespace tidegate::sim {

struct NetworkOptions {
  Duration latency_min{200};
  Duration latency_spread{2000};
  Duration cut_every{0};
  Duration half_open_every{0};  // cut, and one side does not learn of it for minutes
  Duration stall_every{0};
  Duration stall_max{3'000'000};
  /// A message to a client that vanishes on a link that lives on (wire_faults.h).
  std::uint64_t lose_one_in = 0;
  /// A block that begins before its reader's position, which is as good (wire_faults.h).
  std::uint64_t earlier_cut_one_in = 0;
  /// A block of records in which a digit is another one: a digest has to find it.
  std::uint64_t corrupt_one_in = 0;
  std::uint64_t blackhole_one_in = 0;    // a connection attempt that is never answered
  std::uint64_t late_close_one_in = 0;   // the client's own close is also reported back to it, late
  std::uint64_t slow_reader_one_in = 0;  // connections with little bandwidth towards the client
  std::uint64_t slow_bytes_per_ms = 4;
  std::size_t window_bytes = 128 * 1024;  // written but not read beyond this: blocked
};

struct RelayOptions {
  std::uint16_t shards = 2;
  Duration mailbox_delay_max{500};
  Duration crash_every{0};
  Duration drain_every{0};
  Duration downtime_max{2'000'000};
  bool shard_count_changes = false;  // a restart may come back with another number of shards
  Duration verify_delay_max{3000};
  std::uint64_t json_one_in = 0;         // clients whose connections are JSON sessions
  std::uint64_t verify_lost_one_in = 0;  // the result never comes
  std::uint64_t answer_lost_one_in = 0;  // the answer to an HTTP publish is lost
  Duration timer_late_max{0};
  Duration heartbeat_interval{5'000'000};
  Duration heartbeat_timeout{5'000'000};
  Duration hello_timeout{5'000'000};
  /// Self-test: deliver shard messages out of order. Never drawn; proves that the checkers see it.
  bool reorder_mailboxes = false;
};

/// A store reads records back so many at a time: small pages, so that channels have several.
constexpr std::uint32_t kStorePageRecords = 3;

struct StoreOptions {
  bool durable = false;  // false: a crash loses everything and the channel gets another epoch
  Duration latency_max{1500};
  bool sparse_offsets = false;
  std::uint64_t refused_one_in = 0;
  std::uint64_t unknown_one_in = 0;  // reported unknown; half of them happened
  std::uint64_t silent_one_in = 0;   // never reported; half of them happened
  std::uint64_t late_one_in = 0;     // happens (or not) long after the deadline
  std::uint64_t read_fails_one_in = 0;
  std::uint64_t open_fails_one_in = 0;
  std::uint64_t trim_lost_one_in = 0;  // a trim that a crash undoes
  bool keeps_deletes = true;           // of what is trimmed; else it says what it has forgotten
};

struct ClientSwarmOptions {
  std::uint32_t count = 3;
  std::uint32_t tenants = 1;
  bool tokens_expire = false;
  Duration token_life{8'000'000};
  std::uint64_t token_fetch_fails_one_in = 0;
  std::uint64_t restricted_one_in = 0;  // clients that may not read or write some channels
  std::uint64_t outsider_one_in = 0;    // clients from whom a part of the records is kept
  Duration timer_late_max{0};           // hidden tabs: timers come late
  Duration offline_every{0};
  Duration offline_max{3'000'000};
  Duration resume_every{0};
  Duration reload_every{0};  // page reload: a new session with the kept positions
  Duration wall_jump_every{0};
  bool fast_retries = true;  // short backoff and timeouts, so that runs stay short
};

struct WorkloadOptions {
  std::uint32_t channels = 2;
  std::uint32_t small_history_channels = 0;  // of those: history so short that it is exceeded
  std::uint32_t http_publishers = 1;
  std::uint32_t replay_publishers = 0;  // one channel each, with ifEpoch and a log of their own
  std::uint32_t replay_log_size = 40;
  Duration http_publish_every{100'000};
  Duration client_publish_every{0};
  std::uint64_t duplicate_one_in = 8;
  std::uint64_t conflict_one_in = 0;
  std::uint64_t burst_one_in = 0;    // a publish that is really 20 of them
  std::uint64_t invalid_one_in = 0;  // payloads and channels that must be refused
  std::size_t payload_bytes_max = 200;
  std::uint64_t binary_one_in = 4;
  std::uint64_t log_source_one_in = 0;   // publications of logs with a count of their publisher's
  Duration idempotency_age{0};           // how long keys are remembered; 0: as the product does
  Duration subscribe_toggle_every{0};    // random subscribe, unsubscribe, mount-unmount-mount
  std::uint64_t bogus_since_one_in = 0;  // positions that never were
  std::uint64_t command_in_callback_one_in = 0;

  // Records.
  std::uint32_t state_channels = 0;
  std::uint32_t signal_channels = 0;
  bool listed = false;  // channels stand in the directory
  std::uint32_t state_keys = 30;
  std::uint32_t state_fill = 0;     // of those: there from the beginning
  std::size_t record_pad_max = 40;  // bytes; large: a pass has several pages
  std::size_t state_history = 1000;
  std::size_t records_max = 0;  // over: refused; 0: the product's default
  Duration record_ttl{0};
  std::uint64_t hot_key_one_in = 0;  // a publish to one of the first three keys
  std::uint64_t delete_one_in = 6;
  std::uint64_t purge_one_in = 0;  // a publish that really deletes many records, one by one
  std::uint32_t purge_size = 0;
  std::uint64_t merge_one_in = 3;
  std::uint64_t if_version_one_in = 0;
  std::uint64_t source_version_one_in = 0;
  std::uint32_t deletes_remembered = 0;  // of a state channel; 0: all that this run can have
  std::uint32_t filters = 0;             // how many different ones readers ask for
  std::uint64_t paced_one_in = 0;        // readers that ask for an interval
  Duration paced_interval{200'000};      // at most
};

struct PhaseOptions {
  Duration faults{10'000'000};       // workload with faults
  Duration after_faults{2'000'000};  // workload goes on without
  bool last_words_in_faults =
      false;  // the last publications come before they end, and nothing after
  Duration settle_max{150'000'000};  // I7: by then everybody is live and complete
  Duration linger{0};                // go on afterwards, idle, to see that nothing happens
};

struct SimOptions {
  std::uint64_t seed = 1;
  NetworkOptions network;
  RelayOptions relay;
  StoreOptions store;
  ClientSwarmOptions clients;
  WorkloadOptions workload;
  PhaseOptions phases;
};

/// The swarm: what a random run with this seed looks like.
SimOptions draw_options(std::uint64_t seed);

/// In a few words, for someone who looks at one run: sizes, and which faults are on.
std::string describe(const SimOptions& options);

}  // namespace tidegate::sim
