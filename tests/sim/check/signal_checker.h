// I1 for signals: in order, each at most once, everywhere the same one under the same offset, and
// nothing that nobody published. A signal may be shed for a reader who is slow, and once it is too
// old, and the position tells: so a reader whose connection never was blocked gets every signal
// that its position passes in time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/client/event.h"
#include "tests/sim/check/delivery_checker.h"
#include "tests/sim/check/oracle.h"
#include "tests/sim/sim_context.h"

namespace tidegate::sim {

struct SignalView {
  ChannelRef channel;
  std::uint32_t client = 0;
  std::string who;
  bool may_subscribe = true;
  bool live = false;
  bool ended = false;
  std::optional<std::string> epoch;
  std::uint64_t last = 0;  // delivered
  std::uint64_t position = 0;
};

class SignalChecker {
 public:
  SignalChecker(SimContext& context, const Oracle& oracle) : context_(context), oracle_(oracle) {}

  void started(SignalView& view, const SubscriptionStarted& started);
  void row(SignalView& view, const SeenRow& row, const std::optional<StreamPosition>& position);
  void ended(SignalView& view, const Error& error);
  void drained(SignalView& view, const std::optional<StreamPosition>& position);
  void acknowledged(std::uint64_t intent, const StreamPosition& position);
  void reader_connected(std::uint32_t client) { blocked_.erase(client); }
  /// The relay cannot write to this client for now: what comes meanwhile may be shed.
  void reader_blocked(std::uint32_t client) { blocked_.insert(client); }
  std::optional<std::string> missing(const SignalView& view) const;
  /// At the end: readers who kept pace have got everything that was young enough.
  void check_shedding();

  std::uint64_t rows_seen() const { return rows_seen_; }

 private:
  using StreamKey = std::pair<ChannelRef, std::string>;
  /// What one reader was given from one subscribe answer on.
  struct Reading {
    std::string who;
    StreamKey stream;
    bool is_shed = false;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::set<std::uint64_t> delivered;
    std::map<std::uint64_t, Instant> passed;  // when the position came to where
  };
  struct Book {
    std::map<std::uint64_t, std::uint64_t> intent_at;  // by offset
    std::map<std::uint64_t, std::uint64_t> offset_of;  // by intent
  };
  void note(const StreamKey& stream, std::uint64_t offset, std::uint64_t intent,
            const std::string& who);
  void check_stamp(const SignalView& view, const SeenRow& row, std::uint64_t intent);
  Reading* reading_of(const SignalView& view);
  bool may_have_been_too_old(const Reading& reading, std::uint64_t offset,
                             std::uint64_t intent) const;

  SimContext& context_;
  const Oracle& oracle_;
  std::map<StreamKey, Book> books_;
  std::set<std::uint32_t> blocked_;  // clients, since they have connected
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Reading>> readings_;
  std::uint64_t rows_seen_ = 0;
};

}  // namespace tidegate::sim
