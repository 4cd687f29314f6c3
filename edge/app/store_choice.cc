#include "edge/app/store_choice.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "edge/net/clock.h"
#include "edge/store/sqlite/sqlite_store.h"

namespace tidegate::app {
namespace {

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// A log's history matters to nobody when it is too old for its namespace. What the records of a
/// state channel are, only the relay can tell.
store::HistoryAge history_age_of(std::shared_ptr<const relay::RelayConfig> config) {
  return [config = std::move(config)](const ChannelName& channel) -> std::optional<Duration> {
    const relay::Namespace* rules = config->namespace_of(channel);
    if (rules == nullptr || rules->kind != ChannelKind::Log) return std::nullopt;
    return rules->history.age;
  };
}

}  // namespace

std::optional<std::string> store_problem(const StoreSettings& settings) {
  if (settings.type == StoreType::Memory) {
    if (settings.path.empty()) return std::nullopt;
    return "store.path: found \"" + settings.path +
           "\", but the store is in memory; set store.type = \"sqlite\" to keep history there";
  }
  if (settings.path.empty()) {
    return "store.path is missing: the file of the sqlite store; it is created when there is none";
  }
  const std::string folder = folder_of(settings.path);
  if (!std::filesystem::is_directory(folder)) {
    return "store.path: the folder " + folder + " does not exist";
  }
  if (std::filesystem::is_directory(settings.path)) {
    return "store.path: " + settings.path + " is a folder; allowed: a file";
  }
  errno = 0;
  const bool exists = std::filesystem::exists(settings.path);
  if (access(folder.c_str(), W_OK | X_OK) != 0 ||
      (exists && access(settings.path.c_str(), R_OK | W_OK) != 0)) {
    return "store.path: " + settings.path + " cannot be written here: " + std::strerror(errno);
  }
  return std::nullopt;
}

std::string describe_store(const StoreSettings& settings) {
  return settings.type == StoreType::Memory
             ? "memory: history lasts as long as this process"
             : "sqlite: history and epochs outlive this process, in " + settings.path;
}

store::StoreRules store_rules(const relay::RelayConfig& config) {
  store::StoreRules rules;
  rules.remembered_age = config.idempotency_window_age;
  rules.remembered_entries = config.idempotency_window_entries;
  rules.history_age = history_age_of(std::make_shared<relay::RelayConfig>(config));
  return rules;
}

Result<std::shared_ptr<store::Store>> open_store(const Config& config, std::uint64_t entropy,
                                                 std::function<void(const relay::LogLine&)> log) {
  if (config.store.type == StoreType::Memory) return std::shared_ptr<store::Store>();
  store::SqliteOptions options;
  options.path = config.store.path;
  options.rules = store_rules(config.relay);
  options.entropy = entropy;
  options.wall_clock = [] { return net::real_now().wall; };
  options.log = std::move(log);
  auto opened = store::SqliteStore::open(std::move(options));
  if (!opened) return opened.error();
  return std::shared_ptr<store::Store>(std::move(*opened));
}

}  // namespace tidegate::app
