#include "edge/relay/session_table.h"

namespace tidegate::relay {

ConnectionHandle SessionTable::add(Encoding encoding) {
  std::uint32_t slot = slots_;
  if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
  } else {
    if (slot % kChunk == 0) {
      chunks_.push_back(std::make_unique<RelaySession[]>(kChunk));
    }
    ++slots_;
  }
  RelaySession& session = at(slot);
  session.open = true;
  session.encoding = encoding;
  ++session.generation;
  ++size_;
  return {slot, session.generation};
}

void SessionTable::remove(std::uint32_t slot) {
  RelaySession& session = at(slot);
  const std::uint32_t generation = session.generation;
  session = RelaySession{};
  session.generation = generation;
  free_.push_back(slot);
  --size_;
}

RelaySession* SessionTable::find(ConnectionHandle handle) {
  if (handle.slot >= slots_) {
    return nullptr;
  }
  RelaySession& session = at(handle.slot);
  return session.open && session.generation == handle.generation ? &session : nullptr;
}

}  // namespace tidegate::relay
