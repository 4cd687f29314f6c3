// Group commit: carries out everything that waits in one transaction, and only when that is on the
// disk says what came of it. When it cannot be committed nothing of it has happened: appends are
// refused, reads are carried out all the same, and trims, which nobody would send again, are kept
// until they succeed.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "edge/store/sqlite/stream_table.h"
#include "edge/store/store.h"

namespace tidegate::store {

/// A request as it waits for its turn.
struct WaitingRequest {
  /// An append's records are encoded here and let go: where there are several threads, and not
  /// where all of them wait for one.
  explicit WaitingRequest(StoreRequest asked);
  std::size_t bytes() const;

  StoreRequest request;
  std::vector<LogRow> rows{};  // of an append, instead of its records
};

class Committer {
 public:
  Committer(Database& database, StreamTable& streams) : database_(database), streams_(streams) {}

  /// One answer for each request, in order; none for trims and releases.
  using Answers = std::vector<std::optional<StoreAnswer>>;
  Answers carry_out(std::span<const WaitingRequest> requests, WallTime now);
  /// Trims that failed before, in a transaction of their own.
  void retry_trims(WallTime now);
  /// Runs `work`, which writes through the stream table, as one transaction. False: rolled back.
  template <typename Work>
  bool transact(Work&& work);

  std::size_t trims_waiting() const { return trims_.size(); }
  /// Why the last transaction failed; nullopt when it did not.
  const std::optional<Error>& trouble() const { return trouble_; }
  const StoreCounters& counters() const { return counters_; }

 private:
  struct Failure {
    Error error;
    bool certain = false;  // nothing of it is on the disk, nor will be
  };
  std::optional<Failure> begin();
  std::optional<Failure> commit();
  void roll_back(const Failure& failure);
  std::optional<StoreAnswer> carry_out(const WaitingRequest& waiting, WallTime now, bool may_write);
  std::optional<StoreAnswer> carry_out_rolled_back(const WaitingRequest& waiting, WallTime now,
                                                   const Failure& failure);
  void keep(const relay::StoreTrim& trim);
  void count(const Answers& answers);

  Database& database_;
  StreamTable& streams_;
  std::map<relay::ChannelKey, relay::StoreTrim> trims_;  // that failed
  std::optional<Error> trouble_;
  StoreCounters counters_;
  int changes_before_ = 0;
};

template <typename Work>
bool Committer::transact(Work&& work) {
  auto failure = begin();
  if (!failure.has_value()) {
    work();
    failure = commit();
  }
  if (failure.has_value()) roll_back(*failure);
  return !failure.has_value();
}

}  // namespace tidegate::store
