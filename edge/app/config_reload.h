// SIGHUP: the configuration is read anew, whole, by the same rules as at the start. Each part of
// the relay that takes something from it first prepares, without effect; when one of them cannot,
// nothing changes anywhere. What only a restart can change is kept as it is, and named.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/app/config_layers.h"
#include "edge/app/log.h"

namespace tidegate::app {

/// A part of the relay that takes something anew: certificates, keys, rules.
class ReloadPart {
 public:
  virtual ~ReloadPart() = default;
  /// What puts it into force, and cannot fail; or why it cannot be.
  virtual Result<std::function<void()>> prepare(const Config& config) = 0;
};

/// How often it went well, and how often not. Read by other threads.
struct ReloadCounters {
  std::atomic<std::uint64_t> applied = 0;
  std::atomic<std::uint64_t> refused = 0;
};

/// Gives `next` the running value of each setting that only a restart can change. The paths of
/// those that differed.
std::vector<std::string> keep_until_restart(const Config& running, Config& next);

class ConfigReload {
 public:
  using Load = std::function<LoadedConfig()>;
  /// `parts` are asked in their order.
  ConfigReload(Config running, Load load, std::vector<std::unique_ptr<ReloadPart>> parts, Log& log,
               std::shared_ptr<ReloadCounters> counters);

  /// Says in the log how it went. On the main thread.
  void reload();
  const Config& running() const { return running_; }

 private:
  bool apply(Config next);
  bool check_kinds(const Config& next);
  void remember_kinds();
  void refuse(const std::string& why);

  Config running_;
  Load load_;
  std::vector<std::unique_ptr<ReloadPart>> parts_;
  Log& log_;
  std::shared_ptr<ReloadCounters> counters_;
  /// Of all configurations since the start, those whose namespaces differ: a channel may still be
  /// of a kind that an earlier one gave it.
  std::vector<relay::RelayConfig> earlier_;
};

}  // namespace tidegate::app
