#include "edge/net/ws_connections.h"

#include <chrono>

#include "core/base/limits.h"
#include "edge/net/close_frame.h"
#include "edge/net/ws_write.h"
#include "edge/net/wsi_tag.h"

namespace tidegate::net {
namespace {

constexpr std::uint16_t kUnsupportedData = 1003;  // RFC 6455, 7.4.1

constexpr int close_timeout_seconds() {
  return static_cast<int>(
      std::chrono::duration_cast<std::chrono::seconds>(limits::close_timeout).count());
}

}  // namespace

void WsConnections::handle_established(lws* wsi, relay::Encoding encoding) {
  driver_.feed([&](relay::RelayShard& shard, Now now) {
    const relay::ConnectionHandle handle = shard.handle_connected(now, encoding);
    if (handle.slot >= peers_.size()) {
      peers_.resize(handle.slot + 1);
    }
    Peer& peer = peers_[handle.slot];
    peer = Peer{};
    peer.wsi = wsi;
    peer.generation = handle.generation;
    peer.encoding = encoding;
    ++open_;
    tag_slot(wsi, handle.slot);
  });
}

void WsConnections::handle_receive(lws* wsi, ByteView fragment) {
  const auto slot = slot_of(wsi);
  if (!slot.has_value()) {
    return;  // the shard has closed it; what it still says is of no interest
  }
  const bool expects_binary = peers_[*slot].encoding == relay::Encoding::Binary;
  if (expects_binary != (lws_frame_is_binary(wsi) != 0)) {
    refuse_kind(wsi, *slot);
    return;
  }
  const bool complete = lws_is_final_fragment(wsi) != 0 && lws_remaining_packet_payload(wsi) == 0;
  take_message(*slot, fragment, complete);
}

/// Text where binary messages are spoken, or the other way about.
void WsConnections::refuse_kind(lws* wsi, std::uint32_t slot) {
  const relay::ConnectionHandle handle = handle_of(slot);
  const bool expects_binary = peers_[slot].encoding == relay::Encoding::Binary;
  forget(slot);
  send_close(wsi, kUnsupportedData,
             expects_binary ? "tidegate.v1 is binary; for text ask for tidegate.v1.json"
                            : "tidegate.v1.json is text; for binary messages ask for tidegate.v1");
  driver_.feed([&](relay::RelayShard& shard, Now now) { shard.handle_disconnected(now, handle); });
}

void WsConnections::take_message(std::uint32_t slot, ByteView fragment, bool complete) {
  Peer& peer = peers_[slot];
  const relay::ConnectionHandle handle = handle_of(slot);
  const auto feed = [&](ByteView message) {
    driver_.feed(
        [&](relay::RelayShard& shard, Now now) { shard.handle_message(now, handle, message); });
  };
  if (complete && peer.partial == nullptr && fragment.size() <= message_bytes_max_) {
    feed(fragment);
    return;
  }
  if (peer.partial == nullptr) {
    peer.partial = std::make_unique<Bytes>();
  }
  // One byte above the limit is enough for the shard to see that it is over.
  const std::size_t room = message_bytes_max_ + 1 - peer.partial->size();
  const ByteView taken = fragment.first(std::min(room, fragment.size()));
  peer.partial->insert(peer.partial->end(), taken.begin(), taken.end());
  if (complete || peer.partial->size() > message_bytes_max_) {
    const std::unique_ptr<Bytes> message = std::move(peer.partial);
    feed(*message);
  }
}

void WsConnections::handle_writable(lws* wsi) {
  const auto slot = slot_of(wsi);
  if (!slot.has_value() || peers_[*slot].flow == Flow::Open || lws_partial_buffered(wsi) != 0) {
    return;
  }
  peers_[*slot].flow = Flow::Open;
  driver_.feed(
      [&](relay::RelayShard& shard, Now now) { shard.handle_writable(now, handle_of(*slot)); });
}

void WsConnections::handle_closed(lws* wsi) {
  const auto slot = slot_of(wsi);
  if (!slot.has_value()) {
    return;
  }
  const relay::ConnectionHandle handle = handle_of(*slot);
  forget(*slot);
  driver_.feed([&](relay::RelayShard& shard, Now now) { shard.handle_disconnected(now, handle); });
}

void WsConnections::transmit(const relay::Transmit& transmit) {
  const ByteView framed = transmit.message->framed();
  for (const relay::ConnectionHandle connection : transmit.connections) {
    Peer* peer = peer_of(connection);
    if (peer == nullptr) {
      continue;
    }
    if (!write_framed(peer->wsi, framed)) {
      kill(peer->wsi);
    } else if (lws_partial_buffered(peer->wsi) != 0) {
      ++partial_writes_;
      peer->flow = Flow::Blocked;
      lws_callback_on_writable(peer->wsi);
      driver_.feed(
          [&](relay::RelayShard& shard, Now now) { shard.handle_blocked(now, connection); });
    }
  }
}

void WsConnections::close(const relay::Close& close) {
  Peer* peer = peer_of(close.connection);
  if (peer == nullptr) {
    return;
  }
  lws* wsi = peer->wsi;
  if (peer->reading_paused) {
    lws_rx_flow_control(wsi, 1);  // or the client's own close frame would never be seen
  }
  forget(close.connection.slot);
  send_close(wsi, close.code, close.reason);
}

void WsConnections::pause_reading(const relay::PauseReading& pause) {
  Peer* peer = peer_of(pause.connection);
  if (peer == nullptr || peer->reading_paused == pause.paused) {
    return;
  }
  peer->reading_paused = pause.paused;
  lws_rx_flow_control(peer->wsi, pause.paused ? 0 : 1);
}

WsConnections::Peer* WsConnections::peer_of(relay::ConnectionHandle connection) {
  if (connection.slot >= peers_.size()) {
    return nullptr;
  }
  Peer& peer = peers_[connection.slot];
  return peer.wsi != nullptr && peer.generation == connection.generation ? &peer : nullptr;
}

std::optional<std::uint32_t> WsConnections::slot_of(lws* wsi) { return tagged_slot(wsi); }

relay::ConnectionHandle WsConnections::handle_of(std::uint32_t slot) const {
  return relay::ConnectionHandle{slot, peers_[slot].generation};
}

void WsConnections::forget(std::uint32_t slot) {
  tag_forgotten(peers_[slot].wsi);
  peers_[slot] = Peer{};
  --open_;
}

void WsConnections::kill(lws* wsi) {
  lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
  timers_armed_ = true;
}

void WsConnections::send_close(lws* wsi, std::uint16_t code, std::string_view reason) {
  if (!write_framed(wsi, close_frame(code, reason))) {
    kill(wsi);
    return;
  }
  lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_ACK, close_timeout_seconds());
  timers_armed_ = true;
}

}  // namespace tidegate::net
