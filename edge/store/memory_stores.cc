#include "edge/store/memory_stores.h"

#include <utility>

#include "edge/store/memory_store.h"

namespace tidegate::store {
namespace {

class Port final : public StorePort {
 public:
  explicit Port(std::uint64_t entropy) : store_(entropy) {}

  std::optional<StoreAnswer> submit(StoreRequest request) override {
    return std::visit([this](const auto& one) { return carry_out(one); }, request);
  }

 private:
  using Answer = std::optional<StoreAnswer>;

  Answer carry_out(const relay::StoreOpen& open) {
    return StoreAnswer{open.id, store_.open(*open.key)};
  }
  Answer carry_out(const relay::StoreAppend& append) {
    return StoreAnswer{append.id, store_.append(append)};
  }
  Answer carry_out(const relay::StoreRead& read) { return StoreAnswer{read.id, store_.read(read)}; }
  Answer carry_out(const relay::StoreReadRecords& read) {
    return StoreAnswer{read.id, store_.read_records(read)};
  }
  Answer carry_out(const relay::StoreTrim& trim) {
    store_.trim(trim);
    return std::nullopt;
  }
  Answer carry_out(const relay::StoreRelease& release) {
    store_.release(*release.key);
    return std::nullopt;
  }

  MemoryStore store_;
};

}  // namespace

std::unique_ptr<StorePort> MemoryStores::connect(AnswerOutlet) {
  return std::make_unique<Port>(entropy_.next());
}

}  // namespace tidegate::store
