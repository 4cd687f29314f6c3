// The default store of a process: a MemoryStore for each shard, which answers at once.
#pragma once

#include <memory>
#include <optional>

#include "core/base/prng.h"
#include "edge/store/store.h"

namespace tidegate::store {

class MemoryStores final : public Store {
 public:
  /// `entropy` makes epochs; another one in every process.
  explicit MemoryStores(std::uint64_t entropy) : entropy_(entropy) {}

  /// On one thread; the ports share nothing.
  std::unique_ptr<StorePort> connect(AnswerOutlet outlet) override;
  /// It keeps what the channels' owners have not trimmed, and they know the rules.
  void reconfigure(StoreRules) override {}
  std::optional<StoreCounters> counters() const override { return std::nullopt; }

 private:
  Prng entropy_;
};

}  // namespace tidegate::store
