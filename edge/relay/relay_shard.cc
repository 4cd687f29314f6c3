// Wires the parts of a shard together and says in which order they are heard. All logic is in the
// parts.
#include "edge/relay/relay_shard.h"

#include <algorithm>
#include <utility>

#include "core/base/hash.h"
#include "edge/relay/channel_hub.h"
#include "edge/relay/channel_owners.h"
#include "edge/relay/fan_out.h"
#include "edge/relay/publish_flow.h"
#include "edge/relay/session_flow.h"

namespace tidegate::relay {

class RelayShard::Parts {
 public:
  explicit Parts(const ShardOptions& options)
      : context(options),
        writer(context, sessions),
        hub(context, sessions, writer),
        publishes(context, sessions, writer),
        session_flow(context, sessions, writer, hub, publishes),
        owners(context),
        fan_out(context, sessions, writer, hub) {}

  void handle_shard_message(Now now, std::uint16_t from, ShardMessage message);

  ShardContext context;
  SessionTable sessions;
  ConnectionWriter writer;
  ChannelHub hub;
  PublishFlow publishes;
  SessionFlow session_flow;
  ChannelOwners owners;
  FanOut fan_out;
};

void RelayShard::Parts::handle_shard_message(Now now, std::uint16_t from, ShardMessage message) {
  if (const auto* pull = std::get_if<MirrorPull>(&message)) {
    owners.handle_pull(now, from, *pull);
  } else if (auto* batch = std::get_if<MirrorBatch>(&message)) {
    hub.handle_batch(now, std::move(*batch));
  } else if (const auto* refused = std::get_if<MirrorRefused>(&message)) {
    hub.handle_refused(now, *refused);
  } else if (const auto* close = std::get_if<MirrorClose>(&message)) {
    owners.handle_mirror_close(now, from, *close);
  } else if (auto* submit = std::get_if<PublishSubmit>(&message)) {
    owners.handle_submit(now, from, std::move(*submit));
  } else if (const auto* settled = std::get_if<PublishSettled>(&message)) {
    if (settled->ticket.of_owner) {
      owners.handle_listed(now, static_cast<EffectId>(settled->ticket.id), settled->result);
    } else {
      publishes.handle_settled(*settled);
    }
  } else if (const auto* check = std::get_if<ListingCheck>(&message)) {
    owners.handle_listing_check(now, from, *check);
  } else if (const auto* checked = std::get_if<ListingChecked>(&message)) {
    owners.handle_listing_checked(*checked);
  }
}

RelayShard::RelayShard(const ShardOptions& options) : parts_(std::make_unique<Parts>(options)) {}
RelayShard::~RelayShard() = default;

const RelayCounters& RelayShard::counters() const { return parts_->context.counters; }
std::size_t RelayShard::connection_count() const { return parts_->sessions.size(); }
std::size_t RelayShard::channel_count() const { return parts_->owners.size(); }

ShardFootprint RelayShard::footprint() const {
  ShardFootprint footprint;
  parts_->owners.add_to(footprint);
  parts_->hub.add_to(footprint);
  for (std::uint32_t slot = 0; slot < parts_->sessions.slots(); ++slot) {
    footprint.control_bytes =
        std::max(footprint.control_bytes, parts_->sessions.at(slot).control.size());
  }
  return footprint;
}

std::uint16_t RelayShard::owner_of(const ChannelKey& key, std::uint16_t shard_count) {
  const std::uint64_t hash = hash_bytes(key.channel.view(), hash_bytes(key.tenant));
  return static_cast<std::uint16_t>(hash % std::max<std::uint16_t>(shard_count, 1));
}

ConnectionHandle RelayShard::handle_connected(Now now, Encoding encoding) {
  return parts_->session_flow.handle_connected(now, encoding);
}

void RelayShard::handle_message(Now now, ConnectionHandle connection, ByteView message) {
  parts_->session_flow.handle_message(now, connection, message);
}

void RelayShard::handle_disconnected(Now now, ConnectionHandle connection) {
  parts_->session_flow.handle_disconnected(now, connection);
}

void RelayShard::handle_blocked(Now, ConnectionHandle connection) {
  if (parts_->sessions.find(connection) != nullptr) {
    parts_->writer.handle_blocked(connection.slot);
  }
}

void RelayShard::handle_writable(Now now, ConnectionHandle connection) {
  if (RelaySession* session = parts_->sessions.find(connection)) {
    // The peer has acknowledged bytes, so it lives, though on a slow link a ping is still behind
    // what was written before it, and its answer may take longer than the heartbeat allows.
    session->last_received = now.monotonic;
    parts_->writer.handle_writable(connection.slot);
  }
}

void RelayShard::handle_token_result(Now now, EffectId id, Result<ClaimsPtr> claims) {
  parts_->session_flow.handle_token_result(now, id, std::move(claims));
}

void RelayShard::handle_store_opened(Now now, EffectId id, Result<StoreOpened> result) {
  parts_->owners.handle_opened(now, id, result);
}

void RelayShard::handle_append_result(Now now, EffectId id, AppendResult result) {
  parts_->owners.handle_append_result(now, id, result);
}

void RelayShard::handle_read_result(Now now, EffectId id, Result<StoreReadResult> result) {
  parts_->owners.handle_read_result(now, id, result);
}

void RelayShard::handle_records_result(Now now, EffectId id, Result<StoreRecordsResult> result) {
  parts_->owners.handle_records_result(now, id, result);
}

void RelayShard::handle_shard_message(Now now, std::uint16_t from, ShardMessage message) {
  parts_->handle_shard_message(now, from, std::move(message));
}

void RelayShard::handle_publish(Now now, PublishRequest request) {
  parts_->publishes.handle_request(now, std::move(request));
}

void RelayShard::handle_read(Now now, ReadRequest request) {
  const Namespace* rules = parts_->context.config().namespace_of(request.channel);
  if (rules == nullptr) {
    parts_->context.emit(ReadAnswer{request.ticket, unknown_namespace(request.channel)});
    return;
  }
  parts_->hub.read(now, std::move(request), *rules);
}

void RelayShard::handle_timeout(Now now) {
  parts_->session_flow.handle_timeout(now);
  parts_->owners.handle_timeout(now);
  parts_->hub.handle_timeout(now);
}

void RelayShard::drain(Now, Duration window, std::uint64_t seed) {
  parts_->session_flow.drain(window, seed);
}

void RelayShard::reconfigure(Now now, std::shared_ptr<const RelayConfig> config) {
  parts_->context.reconfigure(std::move(config));
  parts_->owners.reconfigure(now);
  parts_->hub.reconfigure();
}

std::optional<RelayEffect> RelayShard::poll_effect(Now now) {
  // What is settled goes first (store, other shards, ends of connections), then what this shard
  // says to itself, then what was published is proposed, and only then is anything sent: so an
  // append and a message carry as much as there is.
  Parts& parts = *parts_;
  for (;;) {
    if (std::optional<RelayEffect> effect = parts.context.poll_effect()) {
      return effect;
    }
    if (parts.session_flow.end_one(now)) {
      continue;
    }
    if (std::optional<ShardMessage> message = parts.context.poll_own_message()) {
      parts.handle_shard_message(now, parts.context.options.shard, std::move(*message));
      continue;
    }
    if (parts.owners.propose_next(now)) {
      continue;
    }
    if (std::optional<Transmit> transmit = parts.fan_out.poll(now)) {
      return RelayEffect(std::move(*transmit));
    }
    // Planning may have ended a session or paused a reader.
    std::optional<RelayEffect> effect = parts.context.poll_effect();
    if (effect.has_value() || !parts.session_flow.end_one(now)) {
      return effect;
    }
  }
}

std::optional<LogLine> RelayShard::poll_log() { return parts_->context.poll_log(); }

std::optional<Instant> RelayShard::poll_timeout() const {
  std::optional<Instant> earliest = parts_->session_flow.deadline();
  for (const std::optional<Instant>& at : {parts_->owners.deadline(), parts_->hub.deadline()}) {
    if (at.has_value() && (!earliest.has_value() || *at < *earliest)) {
      earliest = at;
    }
  }
  return earliest;
}

}  // namespace tidegate::relay
