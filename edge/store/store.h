// A store as the relay's shell sees it. A process has one Store; each shard has a StorePort of its
// own, to which it hands the requests of edge/relay/relay_effect.h. What a request comes to is
// answered at once (memory) or later, from another thread, through the outlet that the port was
// made with (sqlite). Requests about one channel are carried out in the order they came in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "edge/relay/relay_effect.h"

namespace tidegate::store {

using StoreRequest = std::variant<relay::StoreOpen, relay::StoreAppend, relay::StoreRead,
                                  relay::StoreReadRecords, relay::StoreTrim, relay::StoreRelease>;

/// The result of one request. Trims and releases have none.
using StoreOutcome =
    std::variant<Result<relay::StoreOpened>, relay::AppendResult, Result<relay::StoreReadResult>,
                 Result<relay::StoreRecordsResult>>;
struct StoreAnswer {
  relay::EffectId id = relay::EffectId::None;
  StoreOutcome outcome;
};

/// Called on the store's thread with all that a port's requests came to since the last call.
using AnswerOutlet = std::function<void(std::vector<StoreAnswer> answers)>;

class StorePort {
 public:
  virtual ~StorePort() = default;
  /// The answer, when it is known at once; else it comes through the outlet, if the request has
  /// one. Not thread-safe. After the destructor nothing comes any more.
  virtual std::optional<StoreAnswer> submit(StoreRequest request) = 0;
};

/// For how long the history of a channel that nobody holds may matter; nullopt: nobody knows.
using HistoryAge = std::function<std::optional<Duration>(const ChannelName&)>;

/// What a store keeps for later, of what the configuration says; the relay may be given other rules
/// while it runs.
struct StoreRules {
  /// How long, and how many, keys of a channel's accepted publications are remembered: what the
  /// relay's window remembers.
  Duration remembered_age{};
  std::size_t remembered_entries = 0;
  HistoryAge history_age;
};

struct StoreCounters {
  std::uint64_t commits = 0;
  std::uint64_t commit_us = 0;  // spent in them, in microseconds
  std::uint64_t records_appended = 0;
  std::uint64_t appends_refused = 0;
  std::uint64_t appends_unknown = 0;
  std::uint64_t requests_waiting = 0;
  std::uint64_t bytes_waiting = 0;
  std::uint64_t database_bytes = 0;
  std::uint64_t wal_bytes = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  /// For one shard. Its ports end before the store does.
  virtual std::unique_ptr<StorePort> connect(AnswerOutlet outlet) = 0;
  /// Held to from the next turn on. Thread-safe.
  virtual void reconfigure(StoreRules rules) = 0;
  /// Nothing for a store that is not durable. Thread-safe.
  virtual std::optional<StoreCounters> counters() const = 0;
};

}  // namespace tidegate::store
