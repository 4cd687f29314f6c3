// The channels that this shard owns: brings what other shards and the store say to the right owner,
// makes owners when a channel is first spoken of, and lets idle ones go.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "edge/relay/channel_owner.h"
#include "edge/relay/channel_table.h"
#include "edge/relay/deadline_queue.h"

namespace tidegate::relay {

class ChannelOwners {
 public:
  explicit ChannelOwners(ShardContext& context) : context_(context) {}

  std::size_t size() const { return owners_.size(); }
  const ChannelOwner* find(const ChannelKey& key) const { return owners_.at(owners_.slot_of(key)); }
  std::optional<Instant> deadline() const { return deadlines_.next(); }
  void add_to(ShardFootprint& footprint) const {
    owners_.for_each(
        [&footprint](std::uint32_t, const ChannelOwner& owner) { owner.add_to(footprint); });
  }

  void handle_pull(Now now, std::uint16_t from, const MirrorPull& pull);
  void handle_mirror_close(Now now, std::uint16_t from, const MirrorClose& close);
  void handle_submit(Now now, std::uint16_t from, PublishSubmit submit);
  void handle_opened(Now now, EffectId id, const Result<StoreOpened>& result);
  void handle_append_result(Now now, EffectId id, const AppendResult& result);
  void handle_records_result(Now now, EffectId id, const Result<StoreRecordsResult>& result);
  void handle_read_result(Now now, EffectId id, const Result<StoreReadResult>& result);
  /// The directory's answer to an owner of this shard.
  void handle_listed(Now now, EffectId id, const PublishResult& result);
  /// A directory asks about one of its channels, and is answered.
  void handle_listing_check(Now now, std::uint16_t from, const ListingCheck& check);
  void handle_listing_checked(const ListingChecked& checked);
  void handle_timeout(Now now);
  void reconfigure(Now now);
  /// Appends what was submitted to one channel since the last call, as one append, so that what was
  /// published together is stored and sent together. False when there was nothing.
  bool propose_next(Now now);

 private:
  Result<std::uint32_t> find_or_make(Now now, const ChannelKeyPtr& key);
  bool make_room(Now now);
  void release(Now now, std::uint32_t slot);
  /// After anything happened to an owner: notes when it wants to be woken, and for which result it
  /// waits.
  void settle_down(std::uint32_t slot);
  std::optional<std::uint32_t> slot_awaiting(EffectId id) const;
  void forget_awaited(std::uint32_t slot);

  ShardContext& context_;
  ChannelTable<ChannelOwner> owners_;
  DeadlineQueue deadlines_;
  DeadlineQueue idle_;                          // the longest idle first
  std::vector<std::uint32_t> submitted_;        // slots with publishes to be proposed
  std::vector<EffectId> awaited_;               // by slot: one effect for each owner at most
  std::map<EffectId, std::uint32_t> awaiting_;  // the slot that waits for an effect
};

}  // namespace tidegate::relay
