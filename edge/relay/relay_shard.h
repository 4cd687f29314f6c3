// RelayShard: the relay's logic on one thread, without I/O. A relay is N of these, each with its
// own connections and its own channels, speaking to one another only by ShardMessage. It has no
// socket, no clock, no entropy, no store: those are effects. The binary runs one on every worker
// thread; the simulator runs many in one thread under virtual time; a tab can run one too.
//
// Methods are getters, handle_* (world to shard), commands, and poll_* (shard to world). After one
// or several calls of the second and third kind (what came in together belongs together: it is
// stored and sent as one), carry out poll_effect until it is empty, each effect before the next is
// polled; then poll_log, and arm one timer for poll_timeout.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/relay/claims.h"
#include "edge/relay/encoding.h"
#include "edge/relay/relay_config.h"
#include "edge/relay/relay_counters.h"
#include "edge/relay/relay_effect.h"
#include "edge/relay/shard_footprint.h"

namespace tidegate::relay {

struct ShardOptions {
  std::uint16_t shard = 0;
  std::uint16_t shard_count = 1;
  /// Entropy from the shell, another one in every process: connection ids and append ids.
  std::uint64_t incarnation = 0;
  std::shared_ptr<const RelayConfig> config;  // to begin with
};

/// A publish from outside a connection (HTTP). The caller has checked the API key's rights.
struct PublishRequest {
  PublishTicket ticket;
  std::string tenant;
  std::string producer;
  ChannelName channel;
  PublicationDraft draft;
};

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };
struct LogLine {
  LogLevel level = LogLevel::Info;
  std::string text;  // no tokens, no payloads
};

class RelayShard {
 public:
  explicit RelayShard(const ShardOptions& options);
  ~RelayShard();
  RelayShard(const RelayShard&) = delete;
  RelayShard& operator=(const RelayShard&) = delete;

  // ---- getters
  const RelayCounters& counters() const;
  std::size_t connection_count() const;
  std::size_t channel_count() const;
  ShardFootprint footprint() const;
  /// Which shard owns a channel; the same on every shard and in every process with as many shards.
  static std::uint16_t owner_of(const ChannelKey& key, std::uint16_t shard_count);

  // ---- the world speaks
  ConnectionHandle handle_connected(Now now, Encoding encoding = Encoding::Binary);
  /// One complete message, binary or text as the connection's encoding has it. Over the size limit
  /// or malformed ends the connection, nobody else's.
  void handle_message(Now now, ConnectionHandle connection, ByteView message);
  void handle_disconnected(Now now, ConnectionHandle connection);
  void handle_blocked(Now now, ConnectionHandle connection);
  void handle_writable(Now now, ConnectionHandle connection);
  void handle_token_result(Now now, EffectId id, Result<ClaimsPtr> claims);
  void handle_store_opened(Now now, EffectId id, Result<StoreOpened> result);
  void handle_append_result(Now now, EffectId id, AppendResult result);
  void handle_read_result(Now now, EffectId id, Result<StoreReadResult> result);
  void handle_records_result(Now now, EffectId id, Result<StoreRecordsResult> result);
  void handle_shard_message(Now now, std::uint16_t from, ShardMessage message);
  void handle_publish(Now now, PublishRequest request);
  void handle_read(Now now, ReadRequest request);
  void handle_timeout(Now now);

  // ---- commands
  /// Tells every connection to come back, each in a slot of its own within `window`, and closes it.
  /// `seed` spreads the slots. New connections are refused from now on.
  void drain(Now now, Duration window, std::uint64_t seed);

  /// From here on other rules hold, for what is there as for what comes: histories are cut to their
  /// bounds, rights and limits are those of the new configuration. Connections and subscriptions
  /// stay, and those who are paced keep the pace that they got. No channel may change its kind
  /// (kind_changes()). A channel that no namespace matches any more keeps its rules for its
  /// readers.
  void reconfigure(Now now, std::shared_ptr<const RelayConfig> config);

  // ---- the shard speaks
  std::optional<RelayEffect> poll_effect(Now now);
  std::optional<LogLine> poll_log();
  std::optional<Instant> poll_timeout() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tidegate::relay
