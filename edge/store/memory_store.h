// The default store: streams live as long as the process. It answers at once, yet through the same
// asynchronous interface as every other store, so that nothing in the relay depends on its haste.
// One per shard; not thread-safe and not shared.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "edge/relay/relay_effect.h"

namespace tidegate::store {

class MemoryStore {
 public:
  /// `entropy` makes epochs; another one in every process.
  explicit MemoryStore(std::uint64_t entropy);
  ~MemoryStore();

  Result<relay::StoreOpened> open(const relay::ChannelKey& key);
  relay::AppendResult append(const relay::StoreAppend& append);
  Result<relay::StoreReadResult> read(const relay::StoreRead& read);
  void trim(const relay::ChannelKey& key, Offset floor);
  void release(const relay::ChannelKey& key);

 private:
  struct Stream;
  std::uint64_t entropy_;
  std::uint64_t streams_created_ = 0;
  std::map<relay::ChannelKey, std::unique_ptr<Stream>> streams_;
};

}  // namespace tidegate::store
