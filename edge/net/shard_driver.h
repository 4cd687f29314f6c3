// Drives one RelayShard and its store: after every input it carries out the shard's effects one by
// one until there are none left. Effects that have a result (the store, token checks) are answered
// after that, never from within, so that the shard sees the same order of things as with a slow
// store. A store that answers later does so from a thread of its own: the worker brings its answers
// here. Sockets, mailboxes and timers stand behind ShardWorld; nothing here knows libwebsockets.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "edge/net/publish_batches.h"
#include "edge/relay/relay_shard.h"
#include "edge/store/store.h"

namespace tidegate::net {

/// What a shard's effects need of a worker.
class ShardWorld {
 public:
  virtual ~ShardWorld() = default;
  virtual Now now() const = 0;
  virtual void transmit(const relay::Transmit& transmit) = 0;
  virtual void close_connection(const relay::Close& close) = 0;
  virtual void pause_reading(const relay::PauseReading& pause) = 0;
  virtual void send_to_shard(relay::ShardSend send) = 0;
  virtual Result<relay::ClaimsPtr> verify_token(std::string_view token, WallTime now) = 0;
  virtual void log(const relay::LogLine& line) = 0;
  /// Everything that follows from an input was carried out; the next deadline is `timeout`.
  virtual void settled(std::optional<Instant> timeout) = 0;
};

class ShardDriver {
 public:
  ShardDriver(const relay::ShardOptions& options, std::unique_ptr<store::StorePort> store,
              ShardWorld& world);

  relay::RelayShard& shard() { return shard_; }
  const relay::RelayShard& shard() const { return shard_; }

  /// Gives the shard one input, `input(shard, now)`, and carries out what follows from it. May be
  /// called from within an effect: then what follows is carried out by the call that is already at
  /// it.
  template <typename Input>
  void feed(Input&& input) {
    input(shard_, world_.now());
    settle();
  }

  void publish(std::vector<relay::PublishRequest> requests, WorkerAccess::PublishDone done);
  void read(relay::ReadRequest request, WorkerAccess::ReadDone done);
  /// What the store said, from within feed().
  void handle_store_answer(store::StoreAnswer& answer);

 private:
  using Answer = std::function<void(Now now)>;

  void settle();
  void carry_out_effects();
  void carry_out(relay::Transmit& effect);
  void carry_out(relay::Close& effect);
  void carry_out(relay::PauseReading& effect);
  void carry_out(relay::VerifyToken& effect);
  void carry_out(relay::StoreOpen& effect) { ask_store(std::move(effect)); }
  void carry_out(relay::StoreAppend& effect) { ask_store(std::move(effect)); }
  void carry_out(relay::StoreRead& effect) { ask_store(std::move(effect)); }
  void carry_out(relay::StoreReadRecords& effect) { ask_store(std::move(effect)); }
  void carry_out(relay::StoreTrim& effect) { ask_store(std::move(effect)); }
  void carry_out(relay::StoreRelease& effect) { ask_store(std::move(effect)); }
  void carry_out(relay::ShardSend& effect);
  void carry_out(relay::PublishAnswer& effect);
  void carry_out(relay::ReadAnswer& effect);
  void ask_store(store::StoreRequest request);

  ShardWorld& world_;
  relay::RelayShard shard_;
  std::unique_ptr<store::StorePort> store_;
  PublishBatches batches_;
  std::unordered_map<std::uint64_t, WorkerAccess::ReadDone> reads_;  // by their tickets
  std::uint64_t last_read_ = 0;
  std::deque<Answer> answers_;  // results that wait until the shard has nothing more to say
  bool settling_ = false;
};

}  // namespace tidegate::net
