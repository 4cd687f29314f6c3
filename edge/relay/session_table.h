// The sessions of a shard by slot. A slot's generation changes with each tenant, so that a handle
// which comes late meets nobody. Sessions never move in memory while they live.
#pragma once

#include <memory>
#include <vector>

#include "edge/relay/relay_session.h"

namespace tidegate::relay {

class SessionTable {
 public:
  ConnectionHandle add(Encoding encoding);
  void remove(std::uint32_t slot);

  /// nullptr when the connection is gone.
  RelaySession* find(ConnectionHandle handle);
  /// `slot` must be one that was given by add().
  RelaySession& at(std::uint32_t slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  ConnectionHandle handle_of(std::uint32_t slot) { return {slot, at(slot).generation}; }
  std::size_t size() const { return size_; }
  /// Slots in use are below this.
  std::uint32_t slots() const { return slots_; }

 private:
  static constexpr std::uint32_t kChunk = 256;
  std::vector<std::unique_ptr<RelaySession[]>> chunks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t slots_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tidegate::relay
