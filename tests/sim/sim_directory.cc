// Channels, tenants and the namespaces of a run.
#include "tests/sim/sim_directory.h"

#include "tests/sim/sim_redaction.h"

namespace tidegate::sim {
namespace {

constexpr std::size_t kTinyHistory = 6;
constexpr std::size_t kRoomHistory = 100'000;

relay::Namespace make_namespace(const std::string& pattern, std::size_t history,
                                relay::PublishRight right) {
  relay::Namespace result;
  auto parsed = ChannelPattern::parse(pattern);
  TIDEGATE_CHECK(parsed.ok());
  result.pattern = std::move(parsed).value();
  result.history.count = history;
  result.publish = right;
  return result;
}

}  // namespace

ChannelName must_parse_channel(const std::string& name) {
  auto parsed = ChannelName::parse(name);
  TIDEGATE_CHECK(parsed.ok());
  return std::move(parsed).value();
}

SimDirectory::SimDirectory(const SimOptions& options)
    : tenants_(options.clients.tenants),
      record_ttl_(options.workload.record_ttl),
      state_history_(options.workload.state_history) {
  if (options.workload.deletes_remembered > 0) deletes_max_ = options.workload.deletes_remembered;
  const auto& workload = options.workload;
  for (std::uint32_t i = 0; i < workload.channels; ++i) {
    const bool tiny = i < workload.small_history_channels;
    add(tiny ? SimChannelKind::Tiny : SimChannelKind::Room,
        (tiny ? "tiny:" : "room:") + std::to_string(i) + ":log");
  }
  for (std::uint32_t i = 0; i < workload.replay_publishers; ++i) {
    add(SimChannelKind::Replay, "replay:" + std::to_string(i));
  }
  for (std::uint32_t i = 0; i < workload.state_channels; ++i) {
    add(SimChannelKind::State, "state:" + std::to_string(i));
  }
  for (std::uint32_t i = 0; i < workload.signal_channels; ++i) {
    add(SimChannelKind::Signal, "signal:" + std::to_string(i));
  }
  config_ = make_config(options);
}

std::shared_ptr<relay::RelayConfig> SimDirectory::make_config(const SimOptions& options) {
  const auto& workload = options.workload;
  auto config = std::make_shared<relay::RelayConfig>();
  config->namespaces.push_back(
      make_namespace("room:*:log", kRoomHistory, relay::PublishRight::Capability));
  config->namespaces.push_back(
      make_namespace("tiny:**", kTinyHistory, relay::PublishRight::Capability));
  config->namespaces.push_back(
      make_namespace("replay:{id}", kRoomHistory, relay::PublishRight::Server));
  auto state = make_namespace("state:*", workload.state_history, relay::PublishRight::Capability);
  state.kind = ChannelKind::State;
  state.record_ttl = workload.record_ttl;
  state.redaction = std::make_shared<const SimRedactionRules>();
  if (workload.deletes_remembered > 0) state.history.deletes = workload.deletes_remembered;
  if (workload.records_max > 0) state.records.count = workload.records_max;
  config->namespaces.push_back(std::move(state));
  auto signal = make_namespace("signal:*", 0, relay::PublishRight::Capability);
  signal.kind = ChannelKind::Signal;
  signal.signal_ttl = kSignalTtl;
  config->namespaces.push_back(std::move(signal));
  for (relay::Namespace& rules : config->namespaces) rules.listed = workload.listed;
  if (workload.idempotency_age > Duration{0}) {
    config->idempotency_window_age = workload.idempotency_age;
  }
  config->heartbeat_interval = options.relay.heartbeat_interval;
  config->heartbeat_timeout = options.relay.heartbeat_timeout;
  config->hello_timeout = options.relay.hello_timeout;
  return config;
}

void SimDirectory::add(SimChannelKind kind, const std::string& name) {
  if (kind != SimChannelKind::Replay) {
    writable_.push_back(static_cast<std::uint32_t>(channels_.size()));
  }
  channels_.push_back({kind, must_parse_channel(name)});
}

std::optional<std::uint32_t> SimDirectory::find_channel(std::string_view name) const {
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].name.view() == name) return i;
  }
  return std::nullopt;
}

std::optional<ChannelRef> SimDirectory::find(const relay::ChannelKey& key) const {
  const auto channel = find_channel(key.channel.view());
  if (!channel) return std::nullopt;
  for (std::uint32_t tenant = 0; tenant < tenants_; ++tenant) {
    if (tenant_name(tenant) == key.tenant) return ChannelRef{tenant, *channel};
  }
  return std::nullopt;
}

std::size_t SimDirectory::history_count(std::uint32_t channel) const {
  switch (channels_.at(channel).kind) {
    case SimChannelKind::Tiny:
      return kTinyHistory;
    case SimChannelKind::State:
      return state_history_;
    case SimChannelKind::Signal:
      return 0;
    default:
      return kRoomHistory;
  }
}

}  // namespace tidegate::sim
