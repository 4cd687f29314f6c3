// The views of a shard by slot. A slot is not given away again before its view is gone, but a late
// mention of it may then meet the next one; whoever keeps slots for later checks what it finds.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "edge/relay/channel_view.h"

namespace tidegate::relay {

class ViewTable {
 public:
  ChannelView& at(std::uint32_t slot) { return *views_[slot]; }
  const ChannelView& at(std::uint32_t slot) const { return *views_[slot]; }
  /// nullptr when it is gone.
  ChannelView* find(std::uint32_t slot) {
    return slot < views_.size() ? views_[slot].get() : nullptr;
  }
  std::uint32_t add(std::uint32_t mirror, ViewProgram program) {
    auto view = std::make_unique<ChannelView>(mirror, static_cast<StreamId>(++streams_named_),
                                              std::move(program));
    if (free_.empty()) {
      views_.push_back(std::move(view));
      return static_cast<std::uint32_t>(views_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    views_[slot] = std::move(view);
    return slot;
  }
  void remove(std::uint32_t slot) {
    views_[slot].reset();
    free_.push_back(slot);
  }

 private:
  std::vector<std::unique_ptr<ChannelView>> views_;
  std::vector<std::uint32_t> free_;
  std::uint32_t streams_named_ = 0;  // never reused in a process
};

}  // namespace tidegate::relay
