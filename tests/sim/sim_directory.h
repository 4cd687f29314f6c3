// The names of a run: its tenants and channels, by number and by name, and the relay configuration
// that describes them. Two tenants use the same channel names on purpose.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/relay/log_record.h"
#include "edge/relay/relay_config.h"
#include "tests/sim/check/oracle.h"
#include "tests/sim/sim_options.h"

namespace tidegate::sim {

enum class SimChannelKind : std::uint8_t {
  Room,    // long history, clients may publish
  Tiny,    // history so short that it is exceeded all the time
  Replay,  // written by one publisher that replays its own log into every epoch
  State,   // records
  Signal,  // of the moment
};

struct SimChannel {
  SimChannelKind kind = SimChannelKind::Room;
  ChannelName name;
};

/// Shorter than what paced readers ask for and busy mailboxes hold, so that signals grow too old.
inline constexpr Duration kSignalTtl = std::chrono::milliseconds(500);

class SimDirectory {
 public:
  explicit SimDirectory(const SimOptions& options);

  std::uint32_t channel_count() const { return static_cast<std::uint32_t>(channels_.size()); }
  std::uint32_t tenant_count() const { return tenants_; }
  const SimChannel& channel(std::uint32_t index) const { return channels_.at(index); }
  std::string tenant_name(std::uint32_t tenant) const { return "tenant-" + std::to_string(tenant); }
  /// The channel that a relay's key names; nullopt for one that is not in this run.
  std::optional<ChannelRef> find(const relay::ChannelKey& key) const;
  std::optional<std::uint32_t> find_channel(std::string_view name) const;
  std::shared_ptr<const relay::RelayConfig> config() const { return config_; }
  /// How many entries history keeps of such a channel.
  std::size_t history_count(std::uint32_t channel) const;
  /// Of a state channel: how long a record stays unchanged; 0: for ever.
  Duration record_ttl() const { return record_ttl_; }
  /// So many deletes does a state channel remember.
  std::size_t deletes_max() const { return deletes_max_; }
  /// The channels that clients and HTTP publishers write at random.
  const std::vector<std::uint32_t>& writable() const { return writable_; }

 private:
  void add(SimChannelKind kind, const std::string& name);
  static std::shared_ptr<relay::RelayConfig> make_config(const SimOptions& options);

  std::uint32_t tenants_;
  Duration record_ttl_;
  std::size_t deletes_max_ = relay::HistoryLimits().deletes;
  std::size_t state_history_;
  std::vector<SimChannel> channels_;
  std::vector<std::uint32_t> writable_;
  std::shared_ptr<const relay::RelayConfig> config_;
};

/// A name the run needs and knows to be valid.
ChannelName must_parse_channel(const std::string& name);

}  // namespace tidegate::sim
