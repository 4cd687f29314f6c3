#include "edge/app/config_words.h"

#include "edge/app/dev_mode.h"
#include "edge/app/quantity.h"
#include "edge/app/store_choice.h"

namespace tidegate::app {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string listed_patterns(const std::vector<ChannelPattern>& patterns) {
  std::vector<std::string> texts;
  for (const ChannelPattern& pattern : patterns) texts.push_back(pattern.text());
  return listed(texts);
}

std::string describe_server(const ServerSettings& server) {
  const std::string workers = server.workers == 0 ? std::string("one worker for each core")
                                                  : counted(server.workers, "worker");
  return "Server\n  listens on " + server.host + ":" + std::to_string(server.port) + " with " +
         workers + ", for at most " + std::to_string(server.connections_max) +
         " connections.\n  HTTP bodies have at most " + format_size(server.http_body_bytes_max) +
         ". When it is stopped, clients are told to come back, spread over a second for each " +
         std::to_string(limits::reconnects_per_second_max) + " of them, at most over " +
         format_duration(server.drain_window) + ".\n";
}

std::string describe_auth(const AuthSettings& auth) {
  std::string text = "Tokens\n";
  text += auth.hs256_secret.empty()
              ? "  no key: every token is refused.\n"
              : "  are JWT, signed by HS256 with the secret " + auth.hs256_secret.masked() + ".\n";
  if (!auth.issuer.empty()) text += "  Their issuer (iss) has to be \"" + auth.issuer + "\".\n";
  if (!auth.audience.empty()) {
    text += "  Their audience (aud) has to name \"" + auth.audience + "\".\n";
  }
  return text;
}

std::string describe_history(const relay::HistoryLimits& history) {
  return history.count == 0
             ? "keeps no history: who comes back has missed what was published meanwhile"
             : "keeps each channel's last " + counted(history.count, "publication") + ", at most " +
                   format_size(history.bytes) + ", for " + format_duration(history.age);
}

std::string describe_kind(const relay::Namespace& rules) {
  switch (rules.kind) {
    case ChannelKind::Log:
      return "log; " + describe_history(rules.history);
    case ChannelKind::State:
      return "state; at most " + counted(rules.records.count, "record") + " of " +
             format_size(rules.records.bytes) + " in all" +
             (rules.record_ttl > Duration::zero()
                  ? ", deleted when they are not renewed for " + format_duration(rules.record_ttl)
                  : "") +
             "; " + describe_history(rules.history);
    case ChannelKind::Signal:
      return "signal; of the moment, dropped for readers who are slower than " +
             format_duration(rules.signal_ttl);
  }
  return "";
}

std::string describe_namespace(const relay::Namespace& rules, std::size_t number) {
  const std::string publishers =
      rules.publish == relay::PublishRight::Server
          ? "only API keys"
          : "API keys, and clients whose token allows \"publish\" on the channel";
  std::string text =
      "  " + std::to_string(number) + ". " + rules.pattern.text() + "\n     " +
      describe_kind(rules) +
      ".\n     Subscribers: clients whose token allows \"subscribe\" on the channel" +
      (rules.listed ? ", by its pattern, too" : "") + ".\n     Publishers: " + publishers + ".\n";
  if (rules.min_interval > Duration::zero()) {
    text += "     Subscribers are served every " + format_duration(rules.min_interval) + ".\n";
  }
  if (!rules.thin.empty()) {
    text += "     Events are thin: of their payload only " + listed(rules.thin) + ".\n";
  }
  return text;
}

std::string describe_key(const ApiKeySettings& key) {
  return "  " + key.name + " (" + key.secret.masked() + ") may publish for tenant " + key.tenant +
         " on " + listed_patterns(key.channels) + ".\n";
}

std::string describe_limits(const relay::RelayConfig& relay) {
  return "Limits\n  a connection has at most " +
         counted(relay.subscriptions_per_connection_max, "subscription") +
         " and sends messages of at most " + format_size(relay.client_message_bytes_max) +
         ";\n  it has " + format_duration(relay.hello_timeout) +
         " to say hello, is heard of every " + format_duration(relay.heartbeat_interval) +
         ", and is given up " + format_duration(relay.heartbeat_timeout) +
         " after that.\n  A channel remembers idempotency keys for " +
         format_duration(relay.idempotency_window_age) + ", at most " +
         std::to_string(relay.idempotency_window_entries) + " of them.\n";
}

void warn_of_unreached(const std::vector<relay::Namespace>& namespaces,
                       std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!namespaces[j].pattern.covers(namespaces[i].pattern)) continue;
      warnings.push_back("namespace " + std::to_string(i + 1) + " (" +
                         namespaces[i].pattern.text() + ") is never reached: namespace " +
                         std::to_string(j + 1) + " (" + namespaces[j].pattern.text() +
                         ") stands before it and matches its channels");
      break;
    }
  }
}

}  // namespace

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

std::string describe_config(const Config& config) {
  std::string text = describe_server(config.server) + describe_auth(config.auth);
  text += "Store\n  " + describe_store(config.store) + ".\n";
  text +=
      "Namespaces (the first that matches a channel decides; a channel without one is refused)\n";
  if (config.relay.namespaces.empty()) text += "  none: every channel is refused.\n";
  for (std::size_t i = 0; i < config.relay.namespaces.size(); ++i) {
    text += describe_namespace(config.relay.namespaces[i], i + 1);
  }
  text += "API keys\n";
  if (config.api_keys.empty()) text += "  none: nobody can publish over HTTP.\n";
  for (const ApiKeySettings& key : config.api_keys) text += describe_key(key);
  return text + describe_limits(config.relay);
}

std::vector<std::string> config_warnings(const Config& config) {
  std::vector<std::string> warnings;
  if (config.auth.hs256_secret.empty()) {
    warnings.push_back("no key for tokens: set auth.hs256_secret_file, auth.hs256_secret or " +
                       std::string("TIDEGATE_AUTH_HS256_SECRET before serving"));
  }
  if (config.relay.namespaces.empty())
    warnings.push_back("no [[namespace]]: every channel is refused");
  warn_of_unreached(config.relay.namespaces, warnings);
  if (!is_loopback_host(config.server.host)) {
    warnings.push_back("plain text beyond this machine: put a proxy that speaks TLS in front of " +
                       config.server.host + ", tokens travel in the first message");
  }
  if (!config.dev.static_root.empty()) {
    warnings.push_back("dev.static_root is used with --dev only");
  }
  return warnings;
}

}  // namespace tidegate::app
