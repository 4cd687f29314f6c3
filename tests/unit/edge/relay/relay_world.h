// A small world for the relay's tests: shards, a MemoryStore for each, virtual time, and clients
// that write down what they are sent. Everything runs synchronously; what a test wants late (store
// results, token results, messages between shards, writable sockets) it holds back and lets go by
// name.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "edge/relay/relay_shard.h"
#include "edge/store/memory_store.h"

namespace tidegate::relay {

inline ChannelName channel(std::string_view name) { return ChannelName::parse(name).value(); }
inline ChannelPattern pattern(std::string_view text) { return ChannelPattern::parse(text).value(); }

/// Namespaces `open:**` (clients publish), `server:**`, `short:**` (history of 5 publications),
/// `state:**` (records, history of 5 publications), `few:**` (at most 3 records), `brief:**`
/// (records that live for 10 s), `signal:**`, `slow:**` (served every second), `listed:**` (in the
/// directory), `thin:**` (id and operation only).
RelayConfig test_config();
/// May subscribe to and publish everything in tenant "t".
std::shared_ptr<Claims> full_claims(std::string subject);
PublicationDraft draft(std::string json, std::string key = "");
/// An operation on a record.
PublicationDraft operation(Operation what, std::string record, std::string json = "");

struct Row {
  Offset offset;
  std::string payload;
  std::string event_id;
  Operation operation = Operation::Append;
  std::string key;
};

/// One frame as a client got it; blocks are copied out of their message.
struct HeardBlock {
  StreamId stream = StreamId::None;
  StreamRange range;
  std::vector<Row> rows;
  const SharedMessage* message = nullptr;  // for asking whether it was shared
  bool more = false;
  BlockShape shape;
  std::string after;  // of a sweep
  std::string until;
  Offset read_at;
  std::optional<std::uint64_t> digest;
};
using Heard =
    std::variant<WelcomeFrame, SubscribedFrame, UnsubscribedFrame, PublishAckFrame, RefusedFrame,
                 PublishConflictFrame, DisconnectFrame, PingFrame, PongFrame, HeardBlock>;

class RelayWorld;

/// A connection of the world, from the client's side.
class TestClient {
 public:
  TestClient(RelayWorld& world, std::uint16_t shard, Encoding encoding);

  std::uint16_t shard() const { return shard_; }
  ConnectionHandle handle() const { return handle_; }

  void hello(std::string token, std::string session_id = "s");
  template <typename FrameT>
  void send(const FrameT& frame) {
    Bytes waiting;
    append_frame(encoding_, frame, waiting);
    const SharedMessagePtr message = joined_message(encoding_, waiting, {});
    send_bytes(Bytes(message->payload().begin(), message->payload().end()));
  }
  void send_bytes(const Bytes& bytes);
  void send_text(std::string_view text) { send_bytes(Bytes(text.begin(), text.end())); }
  RequestId subscribe(std::string_view channel, std::optional<StreamPosition> since = {},
                      std::uint32_t history = 0);
  RequestId subscribe_filtered(std::string_view channel, std::string filter,
                               std::optional<StreamPosition> since = {});
  RequestId subscribe_paced(std::string_view channel, Duration interval, std::uint32_t history = 0);
  RequestId publish(std::string_view channel, std::string json, std::string key = "");
  RequestId publish(std::string_view channel, PublicationDraft draft);
  void disconnect();

  /// What was heard of one kind, in order.
  template <typename FrameT>
  std::vector<FrameT> all() const {
    std::vector<FrameT> found;
    for (const Heard& one : heard) {
      if (const auto* frame = std::get_if<FrameT>(&one)) found.push_back(*frame);
    }
    return found;
  }
  template <typename FrameT>
  FrameT last() const {
    const std::vector<FrameT> found = all<FrameT>();
    EXPECT_FALSE(found.empty());
    return found.empty() ? FrameT{} : found.back();
  }
  /// Payloads of all rows that a reader following the block law would have delivered since the last
  /// `subscribed`, joined by spaces. Fails on a gap.
  std::string read() const;
  /// The records that a reader of a state channel would hold, by the rules of docs/PROTOCOL.md:
  /// "key=payload" joined by spaces, in key order. Fails on a gap.
  std::string records() const;

  std::vector<Heard> heard;
  std::optional<Close> closed;
  bool paused = false;
  bool stalled = false;  // its socket is full after the next message
  std::size_t messages = 0;
  std::size_t message_bytes_max = 0;

 private:
  friend class RelayWorld;
  void hear(const SharedMessagePtr& message);

  RelayWorld& world_;
  std::uint16_t shard_;
  Encoding encoding_;
  ConnectionHandle handle_;
  std::uint32_t requests_ = 0;
};

class RelayWorld {
 public:
  explicit RelayWorld(std::uint16_t shard_count = 1, RelayConfig config = test_config());

  RelayShard& shard(std::uint16_t index = 0) { return *shards_[index]; }
  store::MemoryStore& store(std::uint16_t index = 0) { return *stores_[index]; }
  /// The store of a shard forgets everything, and begins other epochs.
  void lose_store(std::uint16_t index = 0) {
    stores_[index] = std::make_unique<store::MemoryStore>(++stores_lost_ * 1000);
  }
  /// Another process with the same stores, which were durable. Who was connected is not any more.
  void restart(std::optional<RelayConfig> config = {});
  std::uint16_t owner(std::string_view channel) const;

  /// Connected, welcomed (unless tokens are held), as `subject`.
  TestClient& connect(std::uint16_t shard = 0, std::string subject = "ann",
                      Encoding encoding = Encoding::Binary);
  TestClient& connect_silent(std::uint16_t shard = 0, Encoding encoding = Encoding::Binary);
  /// From outside; the answer comes to `answers` under the returned number.
  std::uint64_t publish(std::string_view channel, PublicationDraft draft, std::uint16_t shard = 0);
  Result<PublishReceipt> answer(std::uint64_t number) const;

  /// Carries out everything until nothing moves.
  void run();
  /// Lets time pass, waking shards at each of their deadlines.
  void advance(Duration duration);
  void writable(TestClient& client);

  Now now{Instant(std::chrono::hours(1)), wall_from_ms(1'700'000'000'000)};
  std::map<std::string, Result<ClaimsPtr>> tokens;
  std::map<std::uint64_t, std::vector<Result<PublishReceipt>>> answers;
  std::map<std::uint64_t, ReadResult> reads;  // by their tickets
  std::vector<Transmit> transmits;
  std::vector<std::string> log_lines;
  std::vector<StoreTrim> trims;
  std::vector<StoreRelease> releases;

  // Held back while set; tests take from the queues.
  bool hold_tokens = false;
  std::deque<std::pair<std::uint16_t, VerifyToken>> held_tokens;
  /// Looked at first for every store effect; true: the test has taken it.
  std::function<bool(std::uint16_t shard, const RelayEffect& effect)> on_store;
  /// Delivers messages between shards in this random order (FIFO for each pair); else at once.
  std::optional<Prng> shuffle;
  /// run() does nothing while set: several inputs come before anything is polled.
  bool hold_effects = false;
  /// Messages between shards wait while set.
  bool hold_mail = false;
  /// All that waits between two shards, whatever is held.
  void deliver(std::uint16_t from, std::uint16_t to);
  /// One message of a random pair.
  void deliver_some();

 private:
  friend class TestClient;
  void start_shards(std::uint16_t count);
  void carry_out(std::uint16_t from, RelayEffect effect);
  void carry_out_store(std::uint16_t from, RelayEffect effect);
  bool deliver_one();
  void transmit(std::uint16_t from, const Transmit& transmit);
  TestClient* client_of(std::uint16_t shard, ConnectionHandle handle);

  std::shared_ptr<const RelayConfig> config_;
  std::vector<std::unique_ptr<RelayShard>> shards_;
  std::vector<std::unique_ptr<store::MemoryStore>> stores_;
  std::map<std::pair<std::uint16_t, std::uint16_t>, std::deque<ShardMessage>> mail_;
  std::vector<std::unique_ptr<TestClient>> clients_;
  std::map<std::pair<std::uint16_t, ConnectionHandle>, TestClient*> by_handle_;
  std::uint64_t publishes_ = 0;
  std::uint64_t stores_lost_ = 0;
  std::uint64_t starts_ = 0;
};

}  // namespace tidegate::relay
