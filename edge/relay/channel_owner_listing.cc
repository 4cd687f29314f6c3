// The channel's record in the directory. It is set before the first record of this owner is
// proposed, in a stream that nobody may have heard of, and deleted when nothing is left to be read.
#include <utility>

#include "edge/relay/channel_directory.h"
#include "edge/relay/channel_owner.h"

namespace tidegate::relay {
namespace {

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

}  // namespace

void ChannelOwner::tell_directory(EffectId id, LogRecordPtr record) {
  PublishTicket ticket;
  ticket.id = static_cast<std::uint64_t>(id);
  ticket.of_owner = true;
  ChannelKeyPtr directory = directory_of(key_->tenant);
  const std::uint16_t owner = RelayShard::owner_of(*directory, context_.options.shard_count);
  context_.send(owner, PublishSubmit{std::move(directory), ticket, std::move(record)});
}

void ChannelOwner::list(Now now, Offset known) {
  const EffectId id = context_.next_effect_id();
  state_ = Listing{id, now.monotonic + limits::append_timeout};
  tell_directory(id, listing_record(now.wall, key_->channel, log_.position(), known,
                                    context_.config().directory.records));
}

void ChannelOwner::handle_listed(Now now, EffectId id, const PublishResult& result) {
  const auto* listing = std::get_if<Listing>(&state_);
  if (listing == nullptr || listing->id != id) {
    return;
  }
  const CurrentRecord* current = result.ok() ? nullptr : result.error().current.get();
  if (result.ok() || (current != nullptr && lists_epoch(*current, log_.epoch()))) {
    stands_listed_ = true;
    retry_delay_ = limits::store_retry_delay_min;
    state_ = Ready{};
    propose(now);
  } else if (current != nullptr) {
    list(now, Offset{current->version});  // of a stream that is no more
  } else if (is_temporary(result.error().code)) {
    state_ = Listing{EffectId::None, now.monotonic + next_retry_delay()};
  } else {
    state_ = Ready{};
    handle_refused(queue_.size(), not_listed(result.error()));
  }
  note_idleness(now);
}

/// Nobody waits for the answer: a record that stays says less than a channel can give, and the next
/// owner finds it.
void ChannelOwner::unlist(Now now) {
  tell_directory(EffectId::None, unlisting_record(now.wall, key_->channel));
}

}  // namespace tidegate::relay
