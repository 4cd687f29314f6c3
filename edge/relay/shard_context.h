// What every part of a shard shares: its options, its counters, and the ways out (effects, messages
// to other shards, log lines). A part that has something to say says it here; RelayShard polls it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/base/hash.h"
#include "edge/relay/relay_shard.h"

namespace tidegate::relay {

class ShardContext {
 public:
  explicit ShardContext(const ShardOptions& shard_options)
      : options(shard_options), config_(shard_options.config) {}

  const ShardOptions options;
  RelayCounters counters;

  /// As it is now: see RelayShard::reconfigure().
  const RelayConfig& config() const { return *config_; }
  void reconfigure(std::shared_ptr<const RelayConfig> config) { config_ = std::move(config); }
  EffectId next_effect_id() { return static_cast<EffectId>(++effects_named_); }
  AppendId next_append_id() { return {options.incarnation, ++appends_named_}; }
  /// Of a stream that lives no longer than its owner.
  Epoch next_signal_epoch() {
    std::uint64_t state = options.incarnation + ++signal_epochs_;
    return Epoch::from_entropy(split_mix64(state));
  }
  /// Never the same twice, so that an answer never meets another mirror's pull.
  std::uint32_t next_pull_number() { return ++pulls_numbered_; }
  void emit(RelayEffect effect) { effects_.push_back(std::move(effect)); }
  /// To this shard too: such a message never leaves, but takes the same road inside.
  void send(std::uint16_t to, ShardMessage message);
  /// No tokens, no payloads.
  void log(LogLevel level, std::string text);

  std::optional<RelayEffect> poll_effect();
  std::optional<ShardMessage> poll_own_message();
  std::optional<LogLine> poll_log();

 private:
  std::shared_ptr<const RelayConfig> config_;
  std::uint64_t effects_named_ = 0;
  std::uint32_t pulls_numbered_ = 0;
  std::uint64_t appends_named_ = 0;
  std::uint64_t signal_epochs_ = 0;
  std::uint64_t log_lines_dropped_ = 0;
  std::deque<RelayEffect> effects_;
  std::deque<ShardMessage> own_messages_;
  std::deque<LogLine> log_lines_;
};

/// Text that came from a client, made fit for a log line.
std::string printable(std::string_view text);

}  // namespace tidegate::relay
