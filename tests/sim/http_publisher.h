// Publishers that come over HTTP. They repeat what failed for now or got no answer, under the same
// key, until it is settled; what has no key they never repeat.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/check/publish_checker.h"
#include "tests/sim/intents.h"
#include "tests/sim/sim_directory.h"
#include "tests/sim/sim_relay.h"

namespace tidegate::sim {

struct PublisherParts {
  SimContext& context;
  SimRelay& relay;
  const SimDirectory& directory;
  Oracle& oracle;
  IntentMaker& intents;
  PublishChecker& checker;
};

/// One publish as it goes to the relay.
relay::PublishRequest make_request(const PublisherParts& parts, const std::string& producer,
                                   const Intent& intent);

class HttpPublisher {
 public:
  HttpPublisher(const PublisherParts& parts, std::uint32_t index, std::uint32_t tenant);

  /// Publishes at random until `until`.
  void start(Instant until);
  /// One publish to one channel, repeated until settled.
  std::uint64_t publish(std::uint32_t channel);
  /// Sets all records of a state channel that are there from the beginning.
  void fill(std::uint32_t channel);
  /// Deletes many records of a state channel, whether they are there or not.
  void purge(std::uint32_t channel);
  void repeat(std::uint64_t intent) { attempt(intent, 0); }
  std::size_t open() const { return open_.size(); }

 private:
  void schedule(Instant until);
  void publish_something();
  void attempt(std::uint64_t intent, std::uint32_t failures);
  void settle(std::uint64_t intent, std::uint32_t failures, Instant asked_at,
              std::optional<Result<relay::PublishReceipt>> answer);
  std::string next_key();

  PublisherParts parts_;
  Prng prng_;
  std::uint32_t tenant_;
  std::string producer_;
  std::uint64_t keys_ = 0;
  std::vector<std::uint64_t> settled_;           // intents that may be repeated on purpose
  std::map<std::uint64_t, std::uint32_t> open_;  // intent → attempts under way
};

/// Owns the log of one channel: publishes it in order with ifEpoch, and when the epoch has changed
/// does it all again, in order, with the same event ids. What a careful backend does, and what
/// makes history in memory safe.
class ReplayPublisher {
 public:
  ReplayPublisher(const PublisherParts& parts, std::uint32_t index, ChannelRef channel);

  void start();
  void stop() { stopped_ = true; }
  /// Why the channel does not hold exactly this publisher's log; nullopt when it does.
  std::optional<std::string> missing() const;

 private:
  void step();
  void step_after(Duration delay);
  void handle_answer(std::optional<Result<relay::PublishReceipt>> answer);

  PublisherParts parts_;
  Prng prng_;
  ChannelRef channel_;
  std::string producer_;
  std::vector<std::uint64_t> log_;
  std::optional<Epoch> epoch_;  // of the stream that is being written
  std::size_t next_ = 0;
  bool stopped_ = false;
};

}  // namespace tidegate::sim
