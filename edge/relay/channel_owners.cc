#include "edge/relay/channel_owners.h"

#include <memory>
#include <utility>

#include "edge/relay/channel_directory.h"

namespace tidegate::relay {

Result<std::uint32_t> ChannelOwners::find_or_make(Now now, const ChannelKeyPtr& key) {
  const std::uint32_t slot = owners_.slot_of(*key);
  if (slot != ChannelTable<ChannelOwner>::kNone) {
    return slot;
  }
  const Namespace* rules = context_.config().namespace_of(key->channel);
  if (rules == nullptr) {
    // Whoever asked has a rule for it: the shards are being given new ones, one after the other.
    return Error{
        ErrorCode::Unavailable,
        "the rules of " + key->channel.str() + " are being changed; repeat this in a moment",
        limits::full_retry_after_ms};
  }
  if (owners_.size() >= limits::channels_per_shard_max && !make_room(now)) {
    return Error{ErrorCode::Busy,
                 "this relay has as many channels in use as it may have (channels_per_shard_max)",
                 limits::full_retry_after_ms};
  }
  return owners_.add(key, std::make_unique<ChannelOwner>(context_, key, *rules, now));
}

/// Lets the channel go that nobody has used for the longest.
bool ChannelOwners::make_room(Now now) {
  while (const std::optional<std::uint32_t> slot = idle_.pop_due(Instant::max())) {
    if (owners_.at(*slot)->is_forgettable(now)) {
      release(now, *slot);
      return true;
    }
  }
  return false;
}

void ChannelOwners::release(Now now, std::uint32_t slot) {
  forget_awaited(slot);
  deadlines_.clear(slot);
  idle_.clear(slot);
  owners_.at(slot)->release(now);
  owners_.remove(slot);
}

void ChannelOwners::settle_down(std::uint32_t slot) {
  const ChannelOwner& owner = *owners_.at(slot);
  deadlines_.set_or_clear(slot, owner.deadline());
  idle_.set_or_clear(slot, owner.idle_until());
  if (slot >= awaited_.size()) {
    awaited_.resize(std::size_t{slot} + 1, EffectId::None);
  }
  if (awaited_[slot] == owner.awaited()) {
    return;
  }
  forget_awaited(slot);
  awaited_[slot] = owner.awaited();
  if (awaited_[slot] != EffectId::None) {
    awaiting_.emplace(awaited_[slot], slot);
  }
}

void ChannelOwners::forget_awaited(std::uint32_t slot) {
  awaiting_.erase(awaited_[slot]);
  awaited_[slot] = EffectId::None;
}

void ChannelOwners::handle_pull(Now now, std::uint16_t from, const MirrorPull& pull) {
  const Result<std::uint32_t> slot = find_or_make(now, pull.key);
  if (!slot.ok()) {
    context_.send(from, MirrorRefused{pull.key, pull.generation, slot.error()});
    return;
  }
  owners_.at(*slot)->handle_pull(now, from, pull);
  settle_down(*slot);
}

void ChannelOwners::handle_mirror_close(Now now, std::uint16_t from, const MirrorClose& close) {
  const std::uint32_t slot = owners_.slot_of(*close.key);
  if (ChannelOwner* owner = owners_.at(slot)) {
    owner->handle_mirror_close(now, from, close);
    settle_down(slot);
  }
}

void ChannelOwners::handle_submit(Now now, std::uint16_t from, PublishSubmit submit) {
  const Result<std::uint32_t> slot = find_or_make(now, submit.key);
  if (!slot.ok()) {
    context_.send(from, PublishSettled{submit.ticket, slot.error()});
    return;
  }
  owners_.at(*slot)->handle_submit(now, from, std::move(submit));
  settle_down(*slot);
  if (submitted_.empty() || submitted_.back() != *slot) {
    submitted_.push_back(*slot);
  }
}

void ChannelOwners::reconfigure(Now now) {
  owners_.for_each([&](std::uint32_t slot, ChannelOwner& owner) {
    const Namespace* rules = context_.config().namespace_of(owner.key()->channel);
    if (rules != nullptr) {
      owner.reconfigure(now, *rules);
      settle_down(slot);
    }
  });
}

bool ChannelOwners::propose_next(Now now) {
  if (submitted_.empty()) {
    return false;
  }
  const std::uint32_t slot = submitted_.back();
  submitted_.pop_back();
  if (ChannelOwner* owner = owners_.at(slot)) {
    owner->propose(now);
    settle_down(slot);
  }
  return true;
}

void ChannelOwners::handle_opened(Now now, EffectId id, const Result<StoreOpened>& result) {
  if (const std::optional<std::uint32_t> slot = slot_awaiting(id)) {
    owners_.at(*slot)->handle_opened(now, id, result);
    settle_down(*slot);
  }
}

void ChannelOwners::handle_append_result(Now now, EffectId id, const AppendResult& result) {
  if (const std::optional<std::uint32_t> slot = slot_awaiting(id)) {
    owners_.at(*slot)->handle_append_result(now, id, result);
    settle_down(*slot);
  }
}

void ChannelOwners::handle_records_result(Now now, EffectId id,
                                          const Result<StoreRecordsResult>& result) {
  if (const std::optional<std::uint32_t> slot = slot_awaiting(id)) {
    owners_.at(*slot)->handle_records_result(now, id, result);
    settle_down(*slot);
  }
}

void ChannelOwners::handle_read_result(Now now, EffectId id,
                                       const Result<StoreReadResult>& result) {
  if (const std::optional<std::uint32_t> slot = slot_awaiting(id)) {
    owners_.at(*slot)->handle_read_result(now, id, result);
    settle_down(*slot);
  }
}

void ChannelOwners::handle_listed(Now now, EffectId id, const PublishResult& result) {
  if (const std::optional<std::uint32_t> slot = slot_awaiting(id)) {
    owners_.at(*slot)->handle_listed(now, id, result);
    settle_down(*slot);
  }
}

void ChannelOwners::handle_listing_check(Now now, std::uint16_t from, const ListingCheck& check) {
  context_.send(from, ListingChecked{directory_of(check.key->tenant)});
  // Where there is no room for it now, the directory's next walk comes by again.
  const Result<std::uint32_t> slot = find_or_make(now, check.key);
  if (slot.ok()) {
    owners_.at(*slot)->handle_listing_check(now);
    settle_down(*slot);
  } else if (context_.config().namespace_of(check.key->channel) == nullptr) {
    unlist(context_, now, *check.key);  // nobody can use it any more
  }
}

void ChannelOwners::handle_listing_checked(const ListingChecked& checked) {
  if (ChannelOwner* owner = owners_.at(owners_.slot_of(*checked.directory))) {
    owner->handle_listing_checked();
  }
}

std::optional<std::uint32_t> ChannelOwners::slot_awaiting(EffectId id) const {
  const auto found = awaiting_.find(id);
  if (found == awaiting_.end()) {
    return std::nullopt;
  }
  return found->second;
}

void ChannelOwners::handle_timeout(Now now) {
  while (const std::optional<std::uint32_t> slot = deadlines_.pop_due(now.monotonic)) {
    ChannelOwner& owner = *owners_.at(*slot);
    if (owner.is_releasable(now)) {
      release(now, *slot);
      continue;
    }
    owner.handle_timeout(now);
    settle_down(*slot);
  }
}

}  // namespace tidegate::relay
