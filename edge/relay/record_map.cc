#include "edge/relay/record_map.h"

#include <algorithm>
#include <utility>

#include "core/merge/record_digest.h"
#include "edge/relay/channel_log.h"

namespace tidegate::relay {

std::size_t RecordMap::bytes_of(const Publication& record) { return ChannelLog::bytes_of(record); }

const RecordMap::Node* RecordMap::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &found->second;
}

const RecordMap::Node* RecordMap::next_after(std::string_view key) const {
  const auto next = by_key_.upper_bound(key);
  return next == by_key_.end() ? nullptr : &next->second;
}

std::size_t RecordMap::change_bytes(Offset from, std::size_t enough) const {
  std::size_t bytes = 0;
  for (const Node* node = newest_; node != nullptr && node->version > from && bytes <= enough;
       node = node->older) {
    bytes += bytes_of(*node->record);
  }
  return bytes;
}

std::vector<RecordVersion> RecordMap::versions() const {
  std::vector<RecordVersion> all;
  all.reserve(by_key_.size());
  for (const Node* node = oldest_; node != nullptr; node = node->newer) {
    all.push_back(RecordVersion{node->version, node->record});
  }
  return all;
}

void RecordMap::clear(Offset changes_floor) {
  by_key_.clear();
  deleted_.clear();
  oldest_ = nullptr;
  newest_ = nullptr;
  size_ = 0;
  bytes_ = 0;
  digest_ = 0;
  changes_floor_ = changes_floor;
}

bool RecordMap::put(Offset version, PublicationPtr record) {
  const auto [place, is_new] = by_key_.try_emplace(record->key);
  Node& node = place->second;
  if (!is_new) {
    if (node.version >= version) {
      return false;
    }
    count(node, false);
    unlink(node);
  }
  node.key = &place->first;
  node.version = version;
  node.record = std::move(record);
  node.digest =
      node.exists() ? record_digest(*node.key, node.record->payload_kind, node.record->payload) : 0;
  link_newest(node);
  count(node, true);
  if (!node.exists()) {
    deleted_.push_back(Deleted{version, *node.key});
    forget_oldest_deletes();
  }
  return true;
}

void RecordMap::load(std::vector<RecordVersion> versions, Offset changes_floor) {
  clear(changes_floor);
  std::sort(versions.begin(), versions.end(),
            [](const RecordVersion& left, const RecordVersion& right) {
              return left.version < right.version;
            });
  for (RecordVersion& one : versions) {
    put(one.version, std::move(one.record));
  }
}

void RecordMap::count(const Node& node, bool arrives) {
  if (!node.exists()) {
    return;
  }
  const std::size_t bytes = bytes_of(*node.record);
  size_ = arrives ? size_ + 1 : size_ - 1;
  bytes_ = arrives ? bytes_ + bytes : bytes_ - bytes;
  digest_ = arrives ? digest_ + node.digest : digest_ - node.digest;
}

/// Versions mostly come in order; a mirror may be told of an older one later.
void RecordMap::link_newest(Node& node) {
  Node* before = newest_;
  while (before != nullptr && before->version > node.version) {
    before = before->older;
  }
  node.older = before;
  node.newer = before == nullptr ? oldest_ : before->newer;
  (node.older == nullptr ? oldest_ : node.older->newer) = &node;
  (node.newer == nullptr ? newest_ : node.newer->older) = &node;
}

void RecordMap::unlink(Node& node) {
  (node.older == nullptr ? oldest_ : node.older->newer) = node.newer;
  (node.newer == nullptr ? newest_ : node.newer->older) = node.older;
}

void RecordMap::remove(const std::string& key) {
  const auto found = by_key_.find(key);
  count(found->second, false);
  unlink(found->second);
  by_key_.erase(found);
}

/// By their number alone, which a later process finds the same.
void RecordMap::forget_oldest_deletes() {
  while (tombstones() > deletes_max_) {
    forget_deletes(deleted_.front().version);
  }
  if (deleted_.size() > 2 * deletes_max_) {
    std::erase_if(deleted_, [this](const Deleted& one) { return !is_tombstone(one); });
  }
}

/// Not set or deleted again since.
bool RecordMap::is_tombstone(const Deleted& deleted) const {
  const Node* node = find(deleted.key);
  return node != nullptr && !node->exists() && node->version == deleted.version;
}

void RecordMap::forget_deletes(Offset up_to) {
  while (!deleted_.empty() && deleted_.front().version <= up_to) {
    const Deleted oldest = std::move(deleted_.front());
    deleted_.pop_front();
    if (is_tombstone(oldest)) {
      remove(oldest.key);
    }
  }
  changes_floor_ = std::max(changes_floor_, up_to);
}

}  // namespace tidegate::relay
