// The configuration of a relay, complete and validated: what the file, the environment and the
// flags together say. Defaults are those of core/base/limits.h.
#pragma once

#include <string>
#include <vector>

#include "edge/app/setting.h"
#include "edge/relay/relay_config.h"
#include "edge/relay/relay_shard.h"

namespace tidegate::app {

struct ServerSettings {
  std::string host = "127.0.0.1";
  std::size_t port = 8480;
  std::size_t workers = 0;  // 0: as many as there are cores
  std::size_t connections_max = limits::connections_default;
  std::size_t http_body_bytes_max = limits::http_body_bytes_default;
  Duration drain_window = limits::drain_window_ceiling;  // at most: net/drain_window.h
};

struct AuthSettings {
  auth::Secret hs256_secret;
  std::string hs256_secret_file;
  std::string issuer;
  std::string audience;
};

struct ApiKeySettings {
  std::string name;
  auth::Secret secret;
  std::string secret_file;
  std::string tenant = "default";
  std::vector<ChannelPattern> channels;
};

enum class StoreType : std::uint8_t { Memory, Sqlite };
struct StoreSettings {
  StoreType type = StoreType::Memory;
  std::string path;  // of the sqlite store's file
};

enum class LogFormat : std::uint8_t { Text, Json };
struct LogSettings {
  LogFormat format = LogFormat::Text;
  relay::LogLevel level = relay::LogLevel::Info;
};

struct DevSettings {
  std::string static_root;  // empty: no files are served
};

struct Config {
  ServerSettings server;
  AuthSettings auth;
  std::vector<ApiKeySettings> api_keys;
  relay::RelayConfig relay;  // namespaces and limits
  StoreSettings store;
  LogSettings log;
  DevSettings dev;
};

/// Every setting that stands once: what a flag or a variable can set, too. They point into
/// `config`.
std::vector<Setting> settings_of(Config& config);
/// Those of one [[api_key]] and of one [[namespace]].
std::vector<Setting> settings_of(ApiKeySettings& key);
std::vector<Setting> settings_of(relay::Namespace& rules);

}  // namespace tidegate::app
