// Channels by name and by slot: a name is looked up once, where it comes in; from then on a channel
// is a small number, which deadlines and subscriptions can hold.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "edge/relay/log_record.h"

namespace tidegate::relay {

template <typename Channel>
class ChannelTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  std::uint32_t slot_of(const ChannelKey& key) const {
    const auto found = by_key_.find(&key);
    return found == by_key_.end() ? kNone : found->second;
  }
  /// nullptr for kNone and for a slot that is free.
  Channel* at(std::uint32_t slot) const {
    return slot < slots_.size() ? slots_[slot].channel.get() : nullptr;
  }
  std::size_t size() const { return by_key_.size(); }

  /// `visit(slot, channel)` for each; it adds and removes none.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot].channel != nullptr) {
        visit(slot, *slots_[slot].channel);
      }
    }
  }

  std::uint32_t add(ChannelKeyPtr key, std::unique_ptr<Channel> channel) {
    std::uint32_t slot = static_cast<std::uint32_t>(slots_.size());
    if (free_.empty()) {
      slots_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    by_key_.emplace(key.get(), slot);
    slots_[slot] = Slot{std::move(key), std::move(channel)};
    return slot;
  }
  void remove(std::uint32_t slot) {
    by_key_.erase(slots_[slot].key.get());
    slots_[slot] = Slot{};
    free_.push_back(slot);
  }

 private:
  struct Slot {
    ChannelKeyPtr key;  // what by_key_ points to
    std::unique_ptr<Channel> channel;
  };
  struct KeyOrder {
    bool operator()(const ChannelKey* left, const ChannelKey* right) const {
      return *left < *right;
    }
  };
  std::map<const ChannelKey*, std::uint32_t, KeyOrder> by_key_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace tidegate::relay
