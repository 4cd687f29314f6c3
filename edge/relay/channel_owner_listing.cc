// The channel's record in the directory. It is set before the first record of this owner is
// proposed, in a stream that nobody may have heard of, and deleted when nothing is left to be read.
//
// The directory itself walks over its records, again and again, and has each channel's owner look
// whether anything is left: a process that ended before the channel had grown empty has left a
// record that nobody else would delete.
#include <chrono>
#include <memory>
#include <utility>

#include "edge/relay/channel_directory.h"
#include "edge/relay/channel_owner.h"

namespace tidegate::relay {
namespace {

/// A piece of the walk: so many channels, of which each may have to be opened, and read from the
/// store, and how long it is until the next. Tombstones are passed over, within a limit.
constexpr std::size_t kChecksAtOnce = 16;
constexpr std::size_t kRecordsExamined = 1024;
constexpr Duration kWalkInterval = std::chrono::milliseconds(250);
/// From the end of the walk to the next. By then each channel has an owner, unless it was gone.
constexpr Duration kWalkPause = std::chrono::minutes(10);

/// The publisher knows nothing of the directory's records.
Error not_listed(const Error& error) {
  if (error.code != ErrorCode::LimitExceeded) {
    return error;
  }
  return Error{
      ErrorCode::LimitExceeded,
      "the directory of channels is full (listed_channels_max, listed_channels_bytes_max): "
      "publish to channels that are in use already, or set listed = false for those whose "
      "names nobody asks for by pattern",
      0};
}

/// `id`: for handle_listed; None: nobody waits for the answer.
void tell_directory(ShardContext& context, const std::string& tenant, EffectId id,
                    LogRecordPtr record) {
  PublishTicket ticket;
  ticket.id = static_cast<std::uint64_t>(id);
  ticket.of_owner = true;
  ChannelKeyPtr directory = directory_of(tenant);
  const std::uint16_t owner = RelayShard::owner_of(*directory, context.options.shard_count);
  context.send(owner, PublishSubmit{std::move(directory), ticket, std::move(record)});
}

}  // namespace

void unlist(ShardContext& context, Now now, const ChannelKey& key) {
  tell_directory(context, key.tenant, EffectId::None, unlisting_record(now.wall, key.channel));
}

void ChannelOwner::list(Now now, Offset known) {
  const EffectId id = context_.next_effect_id();
  state_ = Listing{id, now.monotonic + limits::append_timeout};
  standing_ = Standing::Unknown;
  tell_directory(context_, key_->tenant, id,
                 listing_record(now.wall, key_->channel, log_.position(), known,
                                context_.config().directory.records));
}

void ChannelOwner::handle_listed(Now now, EffectId id, const PublishResult& result) {
  const auto* listing = std::get_if<Listing>(&state_);
  if (listing == nullptr || listing->id != id) {
    return;
  }
  const CurrentRecord* current = result.ok() ? nullptr : result.error().current.get();
  if (result.ok() || (current != nullptr && lists_epoch(*current, log_.epoch()))) {
    standing_ = Standing::Listed;
    retry_delay_.reset();
    state_ = Ready{};
    propose(now);
  } else if (current != nullptr) {
    list(now, Offset{current->version});  // of a stream that is no more
  } else if (is_temporary(result.error().code)) {
    state_ = Listing{EffectId::None, now.monotonic + retry_delay_.next()};
  } else {
    state_ = Ready{};
    handle_refused(queue_.size(), not_listed(result.error()));
  }
  note_idleness(now);
}

/// Unless the store may hold more than this owner has read.
void ChannelOwner::leave_directory(Now now) {
  const bool knows_all =
      std::holds_alternative<Ready>(state_) || std::holds_alternative<Listing>(state_);
  if (standing_ != Standing::None && knows_all) {
    standing_ = Standing::None;
    unlist(context_, now, *key_);
  }
}

void ChannelOwner::handle_listing_check(Now now) {
  if (standing_ == Standing::None) {
    standing_ = Standing::Unknown;
  }
  if (std::holds_alternative<Ready>(state_)) {
    if (!is_listed_) {
      leave_directory(now);  // its namespace was listed before
    }
    note_idleness(now);
  }
}

// ---- the directory's side

/// Next in order, nothing of the directory is under way: the record is not there and will not be.
bool ChannelOwner::drop_needless_unlistings() {
  const std::size_t before = queue_.size();
  while (!queue_.empty()) {
    const Publication& next = *queue_.front().record->publication;
    const RecordMap::Node* node = log_.records().find(next.key);
    if (next.operation != Operation::Delete || (node != nullptr && node->exists())) {
      break;
    }
    queue_.pop_front();
  }
  return queue_.size() != before;
}

void ChannelOwner::walk_listings(Now now) {
  if (!walk_.has_value() || walk_->at > now.monotonic) {
    return;
  }
  walk_->at = now.monotonic + kWalkInterval;
  if (!serving_ || walk_->awaited > 0) {
    return;
  }
  const RecordMap::Node* node = log_.records().next_after(walk_->after);
  for (std::size_t examined = 0;
       node != nullptr && walk_->awaited < kChecksAtOnce && examined < kRecordsExamined;
       ++examined) {
    walk_->after = *node->key;
    Result<ChannelName> channel = ChannelName::parse(*node->key);
    if (node->exists() && channel.ok()) {
      auto key =
          std::make_shared<const ChannelKey>(ChannelKey{key_->tenant, std::move(channel).value()});
      const std::uint16_t owner = RelayShard::owner_of(*key, context_.options.shard_count);
      ++walk_->awaited;
      context_.send(owner, ListingCheck{std::move(key)});
    }
    node = log_.records().next_after(walk_->after);
  }
  if (node == nullptr) {
    walk_->after.clear();
    walk_->at = now.monotonic + kWalkPause;
  }
}

/// Channels may be listed no more by rules that are new. The other shards have them, too, by the
/// time that the first piece asks.
void ChannelOwner::restart_walk(Now now) {
  if (walk_.has_value()) {
    walk_->after.clear();
    walk_->at = now.monotonic + kWalkInterval;
  }
}

void ChannelOwner::handle_listing_checked() {
  if (walk_.has_value() && walk_->awaited > 0) {
    --walk_->awaited;
  }
}

}  // namespace tidegate::relay
