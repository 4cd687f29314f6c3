// The composition root of a simulation: one relay with its shards and store, a network, clients,
// publishers and the checkers, all in one thread under virtual time. One seed is one run, exactly
// replayable. run() goes through the phases of a random run; scenarios drive the parts themselves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/client_workload.h"
#include "tests/sim/http_publisher.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_relay.h"

namespace tidegate::sim {

struct SimReport {
  std::uint64_t seed = 0;
  std::uint64_t trace_hash = 0;
  std::uint64_t steps = 0;
  std::vector<Violation> violations;
  // What the run had to do with, so that a swarm that tests nothing is noticed.
  std::uint64_t rows = 0;
  std::uint64_t recovered = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t acknowledgements = 0;
  std::uint64_t attempts = 0;
  std::uint64_t record_rows = 0;
  std::uint64_t quiet_points = 0;  // at which records were compared
  std::uint64_t swept = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t signals = 0;
  std::uint64_t earlier_cuts = 0;
  std::uint64_t corruptions = 0;
  std::uint64_t stale = 0;     // publishes that counted backwards
  std::uint64_t replayed = 0;  // answers that publishers had had before
};

class SimWorld {
 public:
  explicit SimWorld(const SimOptions& options, bool verbose = false);
  ~SimWorld();

  // ---- a random run
  SimReport run();

  // ---- for scenarios
  SimClient& add_client(SimClient::Rights rights = {}, std::uint32_t tenant = 0);
  HttpPublisher& add_publisher(std::uint32_t tenant = 0);
  void run_for(Duration time);
  /// Runs until `done`, at most `limit`; false when it did not come to that.
  bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(60));
  /// No more faults; runs until everybody is live and complete. A violation when that takes too
  /// long.
  void settle();
  SimReport report() const;

  SimContext& context() { return context_; }
  Oracle& oracle() { return oracle_; }
  SimNetwork& network() { return network_; }
  SimStore& store() { return store_; }
  SimRelay& relay() { return relay_; }
  SimClient& client(std::size_t index) { return *clients_.at(index); }
  DeliveryChecker& delivery() { return delivery_; }
  PublishChecker& publishes() { return publishes_; }
  RecordsChecker& records() { return records_; }
  IntentMaker& intents() { return intents_; }

 private:
  void populate();
  void fill();
  void end_faults();
  void say_goodbye();
  void await_expiry();
  std::size_t records_left() const;
  std::optional<std::string> missing() const;
  bool step(Instant limit);
  SimClient::Parts client_parts();
  PublisherParts publisher_parts();
  void jump_wall_clock();

  SimContext context_;
  Prng prng_;
  SimDirectory directory_;
  Oracle oracle_;
  SimTokens tokens_;
  AccessChecker access_;
  LimitsChecker limits_;
  DeliveryChecker delivery_;
  RecordsChecker records_;
  SignalChecker signals_;
  SignalAgeChecker signal_ages_;
  PublishChecker publishes_;
  LivenessChecker liveness_;
  SimNetwork network_;
  WireFaults wire_faults_;
  SimStore store_;
  SimRelay relay_;
  IntentMaker intents_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::vector<std::unique_ptr<ClientWorkload>> workloads_;
  std::vector<std::unique_ptr<HttpPublisher>> publishers_;
  std::vector<std::unique_ptr<ReplayPublisher>> replayers_;
};

/// Draws the options of a seed and runs them.
SimReport run_seed(std::uint64_t seed, bool verbose = false);

}  // namespace tidegate::sim
