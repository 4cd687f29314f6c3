// Records that grow too old: deleted by a publish of the owner's own, on the condition that the
// record is still what it was. So readers, stores and later owners see a delete like any other.
#include <memory>
#include <utility>

#include "edge/relay/channel_owner.h"
#include "edge/relay/publish_record.h"

namespace tidegate::relay {
namespace {

constexpr char kProducer[] = "relay:expiry";

/// The oldest record that exists; nullptr when there is none.
const RecordMap::Node* oldest_existing(const RecordMap::Node* node) {
  while (node != nullptr && !node->exists()) {
    node = node->newer;
  }
  return node;
}

}  // namespace

std::optional<WallTime> ChannelOwner::next_record_expiry() const {
  if (log_.kind() != ChannelKind::State || record_ttl_ <= Duration::zero() || expiring_ > 0) {
    return std::nullopt;
  }
  const RecordMap::Node* oldest = oldest_existing(log_.records().oldest());
  if (oldest == nullptr) {
    return std::nullopt;
  }
  return oldest->record->time + std::chrono::duration_cast<std::chrono::milliseconds>(record_ttl_);
}

void ChannelOwner::expire_records(Now now) {
  const std::optional<WallTime> next = next_record_expiry();
  if (!next.has_value() || *next > now.wall || !serving_) {
    return;
  }
  const RecordMap::Node* node = oldest_existing(log_.records().oldest());
  while (node != nullptr && expiring_ < limits::expiries_per_turn_max &&
         node->record->time + std::chrono::duration_cast<std::chrono::milliseconds>(record_ttl_) <=
             now.wall) {
    PublicationDraft draft;
    draft.operation = Operation::Delete;
    draft.key = *node->key;
    draft.if_version = node->version;
    Proposal proposal;
    proposal.from = context_.options.shard;
    proposal.record = make_record(now.wall, kProducer, std::move(draft));
    queue_.push_back(std::move(proposal));
    ++expiring_;
    node = oldest_existing(node->newer);
  }
  propose(now);
}

}  // namespace tidegate::relay
