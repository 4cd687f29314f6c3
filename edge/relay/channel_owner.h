// The sequencer of one channel: propose → append → apply → visible, on the one shard that owns it.
//
// Publishes gather in a queue. One append is outstanding at a time, with everything that gathered
// meanwhile in it (group commit). Once the store says durable, the records are applied in order,
// their publishers are answered, and the standing pulls of mirrors are: nothing is answered or seen
// before.
//
// An append whose outcome is unknown stops the channel until the log has been read back from the
// last applied position. Records found there are applied and settle their publishers by AppendId;
// absent ones are proposed again under the same id. An append is conditional on the stream's top,
// so should the lost one land after all, the repeated one fails, and reading back finds it: no
// record gets two offsets, no offset two records.
//
// A channel that is listed (channel_directory.h) proposes nothing before the directory has
// answered.
//
// A signal channel has no store: its publishes are applied as they come, under offsets and an epoch
// of this owner's. Records of a state channel that grow too old are deleted by the owner itself, by
// a publish like any other, on the condition that they have not changed meanwhile.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "edge/relay/apply.h"
#include "edge/relay/shard_context.h"
#include "edge/relay/shard_footprint.h"

namespace tidegate::relay {

/// Nobody waits for the answer: a record that stays says less than a channel can give, and the
/// directory's walk finds it.
void unlist(ShardContext& context, Now now, const ChannelKey& key);

/// How long to wait before a store, or a directory, is tried again: each time twice as long.
class RetryDelay {
 public:
  Duration next() {
    return std::exchange(next_, std::min(next_ * 2, limits::store_retry_delay_max));
  }
  void reset() { next_ = limits::store_retry_delay_min; }

 private:
  Duration next_ = limits::store_retry_delay_min;
};

class ChannelOwner {
 public:
  ChannelOwner(ShardContext& context, ChannelKeyPtr key, const Namespace& rules, Now now);
  ChannelOwner(const ChannelOwner&) = delete;
  ChannelOwner& operator=(const ChannelOwner&) = delete;

  // ---- getters
  const ChannelKeyPtr& key() const { return key_; }
  const ChannelLog& history() const { return log_; }
  void add_to(ShardFootprint& footprint) const {
    footprint.add_log(log_);
    footprint.publishes_queued = std::max(footprint.publishes_queued, queue_.size());
    footprint.idempotency_keys = std::max(footprint.idempotency_keys, window_.size());
  }
  std::optional<Instant> deadline() const;
  /// The effect whose result is waited for, or None.
  EffectId awaited() const;
  /// Idle for long enough, and holding nothing that the store does not hold: may be forgotten.
  bool is_releasable(Now now) const;
  /// The same, however short it has been idle.
  bool is_forgettable(Now now) const;
  /// Until when it lingers, while it is idle; nullopt while it is used or holds something.
  std::optional<Instant> idle_until() const { return idle_at_; }
  void release(Now now);

  // ---- the other shards speak
  void handle_pull(Now now, std::uint16_t from, const MirrorPull& pull);
  void handle_mirror_close(Now now, std::uint16_t from, const MirrorClose& close);
  /// Only queues: propose() follows once everything that came in together is queued.
  void handle_submit(Now now, std::uint16_t from, PublishSubmit submit);
  /// Appends all that is queued, unless something is awaited already.
  void propose(Now now);

  // ---- the store speaks; results of an effect that is no longer waited for are ignored
  void handle_opened(Now now, EffectId id, const Result<StoreOpened>& result);
  void handle_append_result(Now now, EffectId id, const AppendResult& result);
  void handle_read_result(Now now, EffectId id, const Result<StoreReadResult>& result);
  void handle_records_result(Now now, EffectId id, const Result<StoreRecordsResult>& result);

  /// The directory speaks.
  void handle_listed(Now now, EffectId id, const PublishResult& result);
  /// The directory has a record of this channel, be it of an earlier owner.
  void handle_listing_check(Now now);
  /// Of the directory itself: one of its channels has been looked after.
  void handle_listing_checked();

  void handle_timeout(Now now);
  /// Other rules, of the same kind.
  void reconfigure(Now now, const Namespace& rules);

 private:
  // What the owner waits for; there is never more than one thing.
  struct Opening {
    EffectId id;
    Instant deadline;
  };
  /// The records as of the stream's floor, page by page.
  struct ReadingRecords {
    EffectId id;
    Instant deadline;
    StoreOpened opened;
    std::vector<RecordVersion> records;
  };
  struct Reading {
    EffectId id;
    Instant deadline;
  };
  struct Appending {
    EffectId id;
    Instant deadline;
    std::size_t count;  // the first of queue_
  };
  struct Retrying {
    Instant at;
  };
  /// Its record in the directory is being set.
  struct Listing {
    EffectId id;  // None: refused for now, and asked again at the deadline
    Instant deadline;
  };
  struct Ready {};
  /// Its record in the directory.
  enum class Standing : std::uint8_t {
    None,
    Unknown,  // an earlier owner may have set it, or it is being set
    Listed,   // as the stream it is now
  };
  /// The directory's walk over those that stand in it.
  struct ListingWalk {
    std::string after;        // has come so far
    std::size_t awaited = 0;  // answers
    Instant at;               // goes on
  };
  using State = std::variant<Ready, Opening, ReadingRecords, Reading, Appending, Retrying, Listing>;

  struct Proposal {
    std::uint16_t from = 0;
    std::optional<PublishTicket> ticket;  // none: the owner's own
    LogRecordPtr record;
    Instant deadline = Instant::max();  // the owner's own have none
    enum class Stage : std::uint8_t { Queued, Proposed, Abandoned } stage = Stage::Queued;
  };

  /// What is known of the mirror on one shard.
  struct Reader {
    bool reading = false;
    std::uint32_t generation = 0;
    std::optional<MirrorPull> pull;  // standing: not answered yet
    Offset has;                      // as its last pull said; what it lacks is kept for it
  };

  // channel_owner.cc: publishing
  void handle_durable(Now now, std::size_t count, const AppendDurable& durable);
  void handle_refused(std::size_t count, const Error& error);
  bool apply_record(StreamRange range, const LogRecord& record, const Proposal* proposal);
  void settle(const Proposal& proposal, PublishResult result);
  PublishResult result_of(const Verdict& verdict, StreamRange range);
  void expire_proposals(Now now);
  void after_apply(Now now);
  void apply_at_once(Now now);

  // channel_owner_listing.cc: the directory
  void list(Now now, Offset known);
  void leave_directory(Now now);
  void walk_listings(Now now);
  void restart_walk(Now now);
  bool drop_needless_unlistings();

  // channel_owner_expiry.cc: records that grow too old
  std::optional<WallTime> next_record_expiry() const;
  void expire_records(Now now);

  // channel_owner_recovery.cc: opening, reading back
  void open(Now now);
  void load(Now now, const StoreOpened& opened);
  void read_records(Now now, StoreOpened opened, std::vector<RecordVersion> so_far);
  void read_on(Now now);
  void handle_unknown(Now now);
  void note_known();
  void retry_later(Now now, const std::string& why);
  void become_ready(Now now);
  bool apply_found(const AppendedRecord& found);
  void refuse_new_readers(const Error& error);

  // channel_owner_readers.cc: mirrors
  void answer_pulls();
  bool is_due(const Reader& reader) const;
  void answer(std::uint16_t shard, Reader& reader);
  Offset slowest_reader() const;
  bool has_readers() const;
  void enforce_history(Now now);
  void trim_store();
  void note_idleness(Now now);

  ShardContext& context_;
  ChannelKeyPtr key_;
  ChannelLog log_;
  IdempotencyWindow window_;
  Duration record_ttl_;
  std::size_t expiring_ = 0;  // deletes of its own that are not settled yet
  State state_;
  bool is_listed_;  // by its namespace
  Standing standing_ = Standing::None;
  std::optional<ListingWalk> walk_;  // of the directory
  bool serving_ = false;             // the log has been loaded up to the store's top at least once
  std::deque<Proposal> queue_;
  std::vector<Reader> readers_;  // by shard
  RetryDelay retry_delay_;
  RetryDelay propose_delay_;
  bool was_unknown_ = false;           // the append before
  std::optional<Instant> propose_at_;  // after two of them: not before
  Offset trimmed_to_;
  Instant trimmed_at_;
  std::optional<Instant> idle_at_;
  std::optional<Instant> expiry_at_;  // when the oldest publication or record grows too old
};

}  // namespace tidegate::relay
