#include "edge/app/config.h"

#include "edge/relay/pacing.h"

namespace tidegate::app {
namespace {

constexpr std::size_t kPortMax = 65'535;

std::vector<Setting> server_settings(ServerSettings& server) {
  return {
      {"server.host", TextSetting{&server.host}},
      {"server.port", CountSetting{&server.port, 0, kPortMax}},
      {"server.workers", CountSetting{&server.workers, 0, limits::workers_max}},
      {"server.connections_max",
       CountSetting{&server.connections_max, 1,
                    limits::file_descriptors_max - limits::file_descriptors_reserved}},
      {"server.http_body_bytes_max",
       SizeSetting{&server.http_body_bytes_max, 1024, limits::http_body_bytes_ceiling}},
      {"server.drain_window",
       DurationSetting{&server.drain_window, Duration::zero(), limits::drain_window_ceiling}},
  };
}

std::vector<Setting> auth_settings(AuthSettings& auth) {
  return {
      {"auth.hs256_secret", SecretSetting{&auth.hs256_secret, limits::hs256_secret_bytes_min}},
      {"auth.hs256_secret_file", TextSetting{&auth.hs256_secret_file}},
      {"auth.issuer", TextSetting{&auth.issuer}},
      {"auth.audience", TextSetting{&auth.audience}},
  };
}

std::vector<Setting> store_settings(StoreSettings& store) {
  StoreSettings* to = &store;
  return {
      {"store.type",
       ChoiceSetting{{"memory", "sqlite"}, [to](std::size_t i) { to->type = StoreType(i); }}},
      {"store.path", TextSetting{&store.path}},
  };
}

std::vector<Setting> limit_settings(relay::RelayConfig& relay) {
  return {
      {"limits.heartbeat_interval",
       DurationSetting{&relay.heartbeat_interval, limits::heartbeat_interval_min,
                       limits::heartbeat_interval_ceiling}},
      {"limits.heartbeat_timeout",
       DurationSetting{&relay.heartbeat_timeout, limits::heartbeat_timeout_min,
                       limits::heartbeat_timeout_ceiling}},
      {"limits.hello_timeout", DurationSetting{&relay.hello_timeout, limits::hello_timeout_min,
                                               limits::hello_timeout_ceiling}},
      {"limits.client_message_bytes_max",
       SizeSetting{&relay.client_message_bytes_max, limits::client_message_bytes_min,
                   limits::client_message_bytes_ceiling}},
      {"limits.subscriptions_per_connection_max",
       CountSetting{&relay.subscriptions_per_connection_max, 1,
                    limits::subscriptions_per_connection_ceiling}},
      {"limits.idempotency_window_entries",
       CountSetting{&relay.idempotency_window_entries, 1,
                    limits::idempotency_window_entries_ceiling}},
      {"limits.idempotency_window_age",
       DurationSetting{&relay.idempotency_window_age, std::chrono::seconds{1},
                       limits::idempotency_window_age_ceiling}},
  };
}

std::vector<Setting> log_and_dev_settings(Config& config) {
  LogSettings* log = &config.log;
  return {
      {"log.format",
       ChoiceSetting{{"text", "json"}, [log](std::size_t i) { log->format = LogFormat(i); }}},
      {"log.level", ChoiceSetting{{"debug", "info", "warning", "error"},
                                  [log](std::size_t i) { log->level = relay::LogLevel(i); }}},
      {"dev.static_root", TextSetting{&config.dev.static_root}},
  };
}

}  // namespace

std::vector<Setting> settings_of(Config& config) {
  std::vector<Setting> all;
  const auto add = [&](std::vector<Setting> some) {
    all.insert(all.end(), some.begin(), some.end());
  };
  add(server_settings(config.server));
  add(auth_settings(config.auth));
  add(store_settings(config.store));
  add(limit_settings(config.relay));
  add(log_and_dev_settings(config));
  return all;
}

std::vector<Setting> settings_of(ApiKeySettings& key) {
  return {
      {"name", TextSetting{&key.name}},
      {"secret", SecretSetting{&key.secret, limits::api_key_bytes_min}},
      {"secret_file", TextSetting{&key.secret_file}},
      {"tenant", TextSetting{&key.tenant}},
      {"channels", PatternsSetting{&key.channels}},
  };
}

std::vector<Setting> settings_of(relay::Namespace& rules) {
  relay::Namespace* to = &rules;
  return {
      {"channel", PatternSetting{&rules.pattern}},
      {"kind", ChoiceSetting{{"log", "state", "signal"},
                             [to](std::size_t i) { to->kind = ChannelKind(i); }}},
      {"publish", ChoiceSetting{{"server", "capability"},
                                [to](std::size_t i) { to->publish = relay::PublishRight(i); }}},
      {"history.count", CountSetting{&rules.history.count, 0, limits::history_count_ceiling}},
      {"history.bytes", SizeSetting{&rules.history.bytes, 0, limits::history_bytes_ceiling}},
      {"history.age",
       DurationSetting{&rules.history.age, std::chrono::seconds{1}, limits::history_age_ceiling}},
      {"records.count", CountSetting{&rules.records.count, 1, limits::records_ceiling}},
      {"records.bytes", SizeSetting{&rules.records.bytes, 1024, limits::records_bytes_ceiling}},
      {"record_ttl",
       DurationSetting{&rules.record_ttl, Duration::zero(), limits::record_ttl_ceiling}},
      {"signal_ttl",
       DurationSetting{&rules.signal_ttl, limits::signal_ttl_min, limits::signal_ttl_ceiling}},
      {"min_interval", DurationSetting{&rules.min_interval, Duration::zero(),
                                       relay::kPaceLadder[relay::kPaceRungs - 1]}},
      {"listed", SwitchSetting{&rules.listed}},
      {"thin", NamesSetting{&rules.thin, limits::thin_members_max}},
  };
}

}  // namespace tidegate::app
