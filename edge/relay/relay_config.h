// What the relay's logic needs to know of the configuration: immutable, shared by all shards. Read
// from TOML by edge/app; made by hand in tests.
#pragma once

#include <string>
#include <vector>

#include "core/access/channel_pattern.h"
#include "core/base/limits.h"
#include "edge/relay/log_record.h"
#include "edge/relay/redaction.h"

namespace tidegate::relay {

/// History is kept until one of the three is exceeded; the oldest go first.
struct HistoryLimits {
  std::size_t count = limits::history_count_default;
  std::size_t bytes = limits::history_bytes_default;
  Duration age = limits::history_age_default;
  std::size_t deletes = limits::tombstones_max;  // that a state channel remembers
};

enum class PublishRight : std::uint8_t {
  Server,      // only API keys
  Capability,  // also clients whose token has the capability
  Relay,       // nobody but the relay itself: the directory of channels
};

/// All rules of the channels that match a pattern. The first that matches decides.
struct Namespace {
  ChannelPattern pattern;
  ChannelKind kind = ChannelKind::Log;
  HistoryLimits history;
  PublishRight publish = PublishRight::Server;
  RecordLimits records{};                            // of a state channel
  Duration record_ttl{0};                            // of a state channel; 0: records stay
  Duration signal_ttl = limits::signal_ttl_default;  // of a signal channel
  Duration min_interval{0};         // readers are served no more often than this; 0: as it comes
  std::vector<std::string> thin{};  // members of a payload that readers are sent; empty: all
  RedactionRulesPtr redaction{};    // nullptr: every reader sees everything
  bool listed = false;  // channels stand in the directory, for those who subscribe by pattern

  /// What the channel's log is bounded by: a signal is kept for nobody who does not keep pace.
  HistoryLimits history_limits() const {
    return kind == ChannelKind::Signal ? HistoryLimits{0, 0, signal_ttl, 0} : history;
  }
};

/// nullptr: these claims see everything of the namespace's channels.
inline RedactionPtr redaction_of(const Namespace& rules, const Claims& claims) {
  return rules.redaction == nullptr ? nullptr : rules.redaction->redaction_for(claims);
}

/// Of `$channels`, the state channel of each tenant in which listed channels stand.
Namespace directory_namespace();

struct RelayConfig {
  std::string label = "tidegate/0.1.0";
  std::vector<Namespace> namespaces;
  Namespace directory = directory_namespace();
  Duration heartbeat_interval = limits::heartbeat_interval_default;
  Duration heartbeat_timeout = limits::heartbeat_timeout_default;
  Duration hello_timeout = limits::hello_timeout_default;
  std::size_t subscriptions_per_connection_max = limits::subscriptions_per_connection_max;
  std::size_t client_message_bytes_max = limits::client_message_bytes_max;
  std::size_t idempotency_window_entries = limits::idempotency_window_entries_default;
  Duration idempotency_window_age = limits::idempotency_window_age_default;

  /// The first namespace that matches, or nullptr.
  const Namespace* namespace_of(const ChannelName& channel) const;
};

/// Channels that could be of another kind under `next` than under `running`, one line for each pair
/// of namespaces that disagrees, unless one that stands before them decides in their place. (Where
/// only several together do so, it is a line too many, never one too few.)
std::vector<std::string> kind_changes(const RelayConfig& running, const RelayConfig& next);

/// What whoever named a channel without a namespace is told.
Error unknown_namespace(const ChannelName& channel);

}  // namespace tidegate::relay
