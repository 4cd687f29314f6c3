// I1: no gap, no duplicate, no reordering at the application callback, and nothing that was never
// accepted. One view for each subscription of each session: what an application would hold that
// forgets at every snapshot and appends every row. Each row must be exactly the next one that the
// oracle has accepted in that epoch; the reported position may neither pass an undelivered row nor
// lag behind.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/client/event.h"
#include "tests/sim/check/oracle.h"
#include "tests/sim/sim_context.h"
#include "tests/sim/sim_directory.h"

namespace tidegate::sim {

/// A row as the application reads it.
struct SeenRow {
  std::uint64_t offset = 0;
  std::string_view payload;
  bool binary = false;
  std::string_view event;
  std::string_view event_id;
  std::int64_t time_ms = 0;
};

/// What an application holds of one channel.
struct ChannelView {
  ChannelRef channel;
  std::string who;            // for messages
  std::uint32_t history = 0;  // asked for
  bool bogus_since = false;   // resumed from a position that never was
  bool may_subscribe = true;
  bool live = false;
  bool ended = false;
  std::optional<std::string> epoch;  // of what is held; nullopt: nothing yet
  std::uint64_t start = 0;           // holds what follows this offset
  std::uint64_t position = 0;        // as of the last time everything was drained
  std::size_t next = 0;              // index of the accepted entry that must come next
  std::vector<AcceptedEntry> held;
};

class DeliveryChecker {
 public:
  DeliveryChecker(SimContext& context, const Oracle& oracle, const SimDirectory& directory)
      : context_(context), oracle_(oracle), directory_(directory) {}

  void started(ChannelView& view, const SubscriptionStarted& started);
  void row(ChannelView& view, const SeenRow& row, const std::optional<StreamPosition>& position);
  void ended(ChannelView& view, const Error& error);
  /// All events have been handled.
  void drained(ChannelView& view, const std::optional<StreamPosition>& position);
  /// After the last fault: does the view hold all there is? A reason when it does not.
  std::optional<std::string> missing(const ChannelView& view) const;

  std::uint64_t rows_seen() const { return rows_seen_; }
  std::uint64_t recovered() const { return recovered_; }
  std::uint64_t snapshots(SnapshotReason reason) const;

 private:
  void started_recovered(ChannelView& view, const SubscriptionStarted& started);
  void started_snapshot(ChannelView& view, const SubscriptionStarted& started);
  void check_reason(const ChannelView& view, const SubscriptionStarted& started,
                    const OracleStream& stream);
  void check_history(const ChannelView& view, const OracleStream& stream);
  void fail(const ChannelView& view, const std::string& what);
  const OracleStream* stream_of(const ChannelView& view) const;

  SimContext& context_;
  const Oracle& oracle_;
  const SimDirectory& directory_;
  std::uint64_t rows_seen_ = 0;
  std::uint64_t recovered_ = 0;
  std::map<SnapshotReason, std::uint64_t> snapshots_;
};

}  // namespace tidegate::sim
