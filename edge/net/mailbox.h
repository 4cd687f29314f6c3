// What other threads have to say to a worker: messages of other shards, answers of a store that has
// a thread of its own, and the commands of the server. One mutex, one vector that is swapped out
// whole, one wake-up for as many letters as have come in the meantime. Letters of one sender keep
// their order. It cannot overflow, because every message between shards is a request or a result
// that its sender bounds (edge/relay/shard_message.h).
#pragma once

#include <uv.h>

#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "edge/relay/shard_message.h"
#include "edge/store/store.h"

namespace tidegate::net {

struct ServerUpdate;

struct ShardLetter {
  std::uint16_t from = 0;
  relay::ShardMessage message;
};
/// What the store's thread has to say to this shard.
struct StoreLetter {
  std::vector<store::StoreAnswer> answers;
};
/// Other rules from here on.
struct UpdateLetter {
  std::shared_ptr<const ServerUpdate> update;
};
/// Accept nobody any more and send everybody away over `window`.
struct DrainLetter {
  Duration window{};
  std::uint64_t seed = 0;
};
/// Leave the loop.
struct EndLetter {};

using Letter = std::variant<ShardLetter, StoreLetter, UpdateLetter, DrainLetter, EndLetter>;

class Mailbox {
 public:
  /// `wake` is initialised on the receiver's loop. From here on any thread may post.
  void open(uv_async_t* wake);
  /// The receiver's handle is about to close: later letters are dropped.
  void close();

  /// Moves all of `letters` in, at the cost of one lock. Thread-safe.
  void post(std::vector<Letter>& letters);
  /// Swaps what has come into `letters`, which is cleared before. On the receiver's thread.
  void collect(std::vector<Letter>& letters);

 private:
  std::mutex mutex_;
  std::vector<Letter> letters_;
  uv_async_t* wake_ = nullptr;
};

}  // namespace tidegate::net
