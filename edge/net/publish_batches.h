// Publishes that came in from outside a connection, until each of them has been answered: a batch
// gets a number, every publish in it a ticket, and the batch is complete when its last ticket has
// come back.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "edge/net/http.h"

namespace tidegate::net {

class PublishBatches {
 public:
  using Done = WorkerAccess::PublishDone;
  struct Completed {
    Done done;
    std::vector<Result<relay::PublishReceipt>> results;  // in the order of the requests
  };

  /// The number of a new batch of `size` publishes, which is not 0.
  std::uint64_t open(std::size_t size, Done done);
  /// The batch, when this was its last answer. Unknown tickets are ignored.
  std::optional<Completed> settle(const relay::PublishTicket& ticket,
                                  Result<relay::PublishReceipt> result);
  std::size_t size() const { return batches_.size(); }

 private:
  struct Batch {
    Done done;
    std::vector<std::optional<Result<relay::PublishReceipt>>> results;
    std::size_t missing = 0;
  };
  std::unordered_map<std::uint64_t, Batch> batches_;
  std::uint64_t next_id_ = 1;
};

}  // namespace tidegate::net
