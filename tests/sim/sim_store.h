// A store that does everything a real one may do to the relay: it takes its time, refuses, loses
// the answer, lets an append happen long after its deadline, fails to read, and at a crash forgets
// what it never reported (durable) or everything (memory: every channel gets another epoch).
// Appends compare the stream's top, all or nothing, which is what makes the above survivable.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "edge/relay/relay_effect.h"
#include "tests/sim/check/oracle.h"
#include "tests/sim/sim_context.h"
#include "tests/sim/sim_directory.h"

namespace tidegate::sim {

class SimStore {
 public:
  SimStore(SimContext& context, Oracle& oracle, const SimDirectory& directory);

  void open(relay::StoreOpen request, std::function<void(Result<relay::StoreOpened>)> done);
  void append(relay::StoreAppend request, std::function<void(relay::AppendResult)> done);
  void read(relay::StoreRead request, std::function<void(Result<relay::StoreReadResult>)> done);
  void read_records(relay::StoreReadRecords request,
                    std::function<void(Result<relay::StoreRecordsResult>)> done);
  void trim(const relay::StoreTrim& request);
  void release(const relay::StoreRelease& request);
  /// The relay process is gone.
  void crash();

  /// What to do with the next append of any channel, for scenarios; nullopt: as the options say.
  enum class Fate { Normal, Refused, UnknownApplied, UnknownLost, SilentApplied, SilentLost, Late };
  void set_next_fate(Fate fate) { next_fate_ = fate; }

 private:
  struct Stream {
    ChannelRef channel;
    bool is_directory = false;  // of listed channels; no channel of the run
    StreamPosition top;
    Offset floor;
    Offset reported;  // what somebody has been told exists
    std::vector<relay::AppendedRecord> records;
    // What is kept of what was trimmed.
    std::map<std::string, relay::RecordVersion> kept;
    Offset changes_floor;
    std::vector<relay::RememberedKeys> remembered;
    std::optional<SourceVersion> source_version;
    std::vector<relay::StoreTrim> unsynced;  // trims that a crash may undo
  };

  void check_listed(const relay::StoreAppend& request);
  Fate draw_fate();
  Duration latency() { return prng_.duration_up_to(context_.options.store.latency_max); }
  Result<relay::StoreOpened> open_now(const relay::ChannelKey& key);
  relay::AppendResult land(const relay::StoreAppend& request);
  Result<relay::StoreRecordsResult> read_records_now(const relay::StoreReadRecords& request);
  void keep_for_later(Stream& stream, const relay::StoreTrim& request) const;
  void carry_out(Stream& stream, const relay::StoreTrim& request) const;
  void sync(Stream& stream) const;
  Result<relay::StoreReadResult> read_now(const relay::StoreRead& request);
  void land_after(Duration delay, std::shared_ptr<relay::StoreAppend> request);
  void forget_unreported(Stream& stream);
  void tell_oracle(const Stream& stream, const relay::AppendedRecord& appended);

  SimContext& context_;
  Oracle& oracle_;
  const SimDirectory& directory_;
  Prng prng_;
  std::optional<Fate> next_fate_;
  std::uint32_t incarnation_ = 0;  // of the memory; late appends do not reach the next one
  std::map<relay::ChannelKey, std::unique_ptr<Stream>> streams_;
};

}  // namespace tidegate::sim
