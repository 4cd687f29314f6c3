#include "edge/net/publish_batches.h"

namespace tidegate::net {

std::uint64_t PublishBatches::open(std::size_t size, Done done) {
  const std::uint64_t id = next_id_++;
  Batch& batch = batches_[id];
  batch.done = std::move(done);
  batch.results.resize(size);
  batch.missing = size;
  return id;
}

std::optional<PublishBatches::Completed> PublishBatches::settle(
    const relay::PublishTicket& ticket, Result<relay::PublishReceipt> result) {
  const auto found = batches_.find(ticket.id);
  if (found == batches_.end()) {
    return std::nullopt;
  }
  Batch& batch = found->second;
  if (ticket.index >= batch.results.size() || batch.results[ticket.index].has_value()) {
    return std::nullopt;
  }
  batch.results[ticket.index] = std::move(result);
  if (--batch.missing > 0) {
    return std::nullopt;
  }
  Completed completed{std::move(batch.done), {}};
  completed.results.reserve(batch.results.size());
  for (auto& answer : batch.results) {
    completed.results.push_back(std::move(*answer));
  }
  batches_.erase(found);
  return completed;
}

}  // namespace tidegate::net
