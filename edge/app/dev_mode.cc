#include "edge/app/dev_mode.h"

#include <arpa/inet.h>

#include <algorithm>

namespace tidegate::app {
namespace {

/// The host of "host:port", "[::1]:port" or either without a port; empty when it is none of these.
std::string_view host_of(std::string_view authority) {
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view rest = authority.substr(end + 1);
    return rest.empty() || rest.front() == ':' ? authority.substr(1, end - 1) : std::string_view();
  }
  return authority.substr(0, authority.find(':'));
}

relay::Namespace permissive(std::string_view pattern, std::size_t history_count,
                            ChannelKind kind = ChannelKind::Log) {
  relay::Namespace rules;
  rules.pattern = ChannelPattern::parse(pattern).value();
  rules.history.count = history_count;
  rules.kind = kind;
  rules.publish = relay::PublishRight::Capability;
  rules.listed = true;
  return rules;
}

Status take_secrets(const DevOptions& options, Config& config, DevMode& mode) {
  mode.secret = options.secret.empty() ? config.auth.hs256_secret : auth::Secret(options.secret);
  if (mode.secret.empty()) mode.secret = auth::Secret::generate();
  const auto key = auth::JwtKey::hs256(mode.secret);
  if (!key) return key.error();
  mode.key = options.key.empty() ? auth::Secret::generate() : auth::Secret(options.key);
  if (mode.key.size() < limits::api_key_bytes_min) {
    return Error{ErrorCode::BadRequest,
                 "--dev-key needs at least " + std::to_string(limits::api_key_bytes_min) + " bytes",
                 0};
  }
  return ok_status();
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  in_addr address{};
  const std::string text(host);
  if (inet_pton(AF_INET, text.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  return host == "::1" || host == "localhost";
}

bool is_loopback_authority(std::string_view authority) {
  return is_loopback_host(host_of(authority));
}

bool is_loopback_origin(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.substr(0, scheme.size()) == scheme) {
      return is_loopback_authority(origin.substr(scheme.size()));
    }
  }
  return false;
}

Result<DevMode> enter_dev_mode(const DevOptions& options, Config& config) {
  if (!is_loopback_host(config.server.host)) {
    return Error{ErrorCode::BadRequest,
                 "--dev accepts anybody who can reach it, so it serves loopback only; " +
                     config.server.host + " is not: leave out --host, or leave out --dev",
                 0};
  }
  DevMode mode;
  const Status secrets = take_secrets(options, config, mode);
  if (!secrets) return secrets.error();
  config.auth.hs256_secret = mode.secret;
  ApiKeySettings key;
  key.name = "dev";
  key.secret = mode.key;
  key.channels = {ChannelPattern::parse("**").value()};
  const auto same_name = [&](const ApiKeySettings& other) { return other.name == key.name; };
  if (std::any_of(config.api_keys.begin(), config.api_keys.end(), same_name)) {
    key.name = "tidegate-dev";
  }
  config.api_keys.push_back(std::move(key));
  if (config.relay.namespaces.empty()) {
    config.relay.namespaces = {
        permissive("airport:{code}:departures", limits::dev_history_count),
        permissive("state:**", limits::history_count_default, ChannelKind::State),
        permissive("signal:**", 0, ChannelKind::Signal),
        permissive("**", limits::history_count_default)};
    mode.notes.push_back("no [[namespace]] is configured: every channel is open to every token");
  }
  config.server.drain_window = std::min(config.server.drain_window, limits::dev_drain_window);
  return mode;
}

Result<std::string> dev_token(const auth::JwtKey& key, const AuthSettings& auth, WallTime now) {
  auth::TokenRequest request;
  request.subject = "dev";
  request.issuer = auth.issuer;
  request.audience = auth.audience;
  request.grants = {{{"**"}, {"subscribe", "publish", "presence", "history"}}};
  request.ttl = limits::dev_token_ttl;
  return auth::mint_token(key, request, now);
}

}  // namespace tidegate::app
