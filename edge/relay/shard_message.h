// What shards say to one another. A channel is owned by one shard (hash of tenant and name); the
// others mirror it. Messages are only requests and results, and every request is bounded by whoever
// makes it: a mirror has one pull outstanding, a connection a window of publishes. So no mailbox
// can overflow. Between two shards messages keep their order; nothing is promised across three.
//
// The mirror's pull is a standing one: the owner answers at once when it has something beyond
// `after`, else as soon as it has. While an answer is under way further publications gather at the
// owner, so batches grow by themselves under load.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/protocol/codes.h"
#include "edge/relay/log_record.h"

namespace tidegate::relay {

/// Where a publish came from, opaque to everyone but the shard that it came from.
struct PublishTicket {
  std::uint64_t id = 0;
  std::uint32_t index = 0;  // within a batch
  bool of_owner = false;    // a channel's owner writes to the directory; `id` is its EffectId
  auto operator<=>(const PublishTicket&) const = default;
};

struct PublishReceipt {
  PublishOutcome outcome = PublishOutcome::Applied;
  StreamPosition position;
};

using PublishResult = Result<PublishReceipt>;

/// mirror → owner. `answer_now`: answer even when there is nothing new, because a client's position
/// looks ahead of this mirror and only the sequencer may call it regressed.
struct MirrorPull {
  ChannelKeyPtr key;
  std::uint32_t generation = 0;         // counts pulls; answers to older ones are dropped
  std::optional<StreamPosition> after;  // nullopt: everything that history holds
  bool answer_now = false;
};

/// owner → mirror: applied entries within `range`. `restart`: they replace what the mirror held.
struct MirrorBatch {
  ChannelKeyPtr key;
  std::uint32_t generation = 0;
  bool restart = false;
  Epoch epoch;
  StreamRange range;
  Offset top;  // of the owner, beyond range.offset when there is more to pull
  std::vector<LogEntry> entries;
  /// On a restart of a state channel: its records, oldest version first, as of `top`, and since
  /// when deletes are among them.
  std::vector<RecordVersion> records;
  Offset changes_floor;
};

/// owner → mirror: the channel cannot be served; subscribers are told, and may come again.
struct MirrorRefused {
  ChannelKeyPtr key;
  std::uint32_t generation = 0;
  Error error;
};

/// mirror → owner: nobody is left here.
struct MirrorClose {
  ChannelKeyPtr key;
  std::uint32_t generation = 0;
};

/// Any shard → owner.
struct PublishSubmit {
  ChannelKeyPtr key;
  PublishTicket ticket;
  LogRecordPtr record;  // its AppendId is given by the owner when it proposes it
};

/// Owner → the shard that submitted.
struct PublishSettled {
  PublishTicket ticket;
  PublishResult result;
};

/// The directory's owner → the owner of a channel that stands in it: whether anything is left. A
/// directory has a few under way at a time.
struct ListingCheck {
  ChannelKeyPtr key;
};

/// The answer, at once; what comes of it is a PublishSubmit when nothing is left.
struct ListingChecked {
  ChannelKeyPtr directory;
};

using ShardMessage = std::variant<MirrorPull, MirrorBatch, MirrorRefused, MirrorClose,
                                  PublishSubmit, PublishSettled, ListingCheck, ListingChecked>;

}  // namespace tidegate::relay
