// The default store: streams live as long as the process. It answers at once, yet through the same
// asynchronous interface as every other store, so that nothing in the relay depends on its haste.
// One per shard; not thread-safe and not shared.
//
// A stream that was released is empty, and remembers only its epoch, its top and its latest source
// version, so that a reader who comes back is told that it missed nothing. Of those the longest
// idle are forgotten over limits::idle_streams_in_memory_max: who comes back to one begins anew, in
// another epoch.
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
  /// There are none: a channel is not let go while it holds records.
  Result<relay::StoreRecordsResult> read_records(const relay::StoreReadRecords& read);
  void trim(const relay::StoreTrim& trim);
  void release(const relay::ChannelKey& key);
  std::size_t size() const { return streams_.size(); }

 private:
  struct Stream;
  void forget_longest_idle();

  std::uint64_t entropy_;
  std::uint64_t streams_created_ = 0;
  std::map<relay::ChannelKey, std::unique_ptr<Stream>> streams_;
  std::uint64_t releases_ = 0;
  std::map<std::uint64_t, relay::ChannelKey> released_;  // by the number of the release
};

}  // namespace tidegate::store
