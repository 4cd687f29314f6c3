// The WebSocket side of a worker: which lws connection is which ConnectionHandle of the shard,
// messages put together from fragments, the eager shared write, and the close frames. One entry of
// 32 bytes per connection, reached by the slot that the shard chose, so an idle connection costs
// next to nothing here.
#pragma once

#include <libwebsockets.h>

#include <memory>
#include <optional>
#include <vector>

#include "edge/net/shard_driver.h"

namespace tidegate::net {

class WsConnections {
 public:
  /// `message_bytes_max`: what the shard accepts; longer ones are cut short one byte above it, so
  /// that the shard itself refuses them with the code for that.
  WsConnections(ShardDriver& driver, std::size_t message_bytes_max)
      : driver_(driver), message_bytes_max_(message_bytes_max) {}

  // ---- libwebsockets speaks (ws_protocol)
  void handle_established(lws* wsi, relay::Encoding encoding);
  void handle_receive(lws* wsi, ByteView fragment);
  void handle_writable(lws* wsi);
  void handle_closed(lws* wsi);

  // ---- the shard speaks
  void transmit(const relay::Transmit& transmit);
  void close(const relay::Close& close);
  void pause_reading(const relay::PauseReading& pause);

  /// Writes that did not fit into the socket at once, since the beginning.
  std::uint64_t partial_writes() const { return partial_writes_; }
  /// True once after library timers were armed outside of its callbacks; they need a wake-up then.
  bool take_timers_armed() { return std::exchange(timers_armed_, false); }
  bool idle() const { return open_ == 0; }

 private:
  enum class Flow : std::uint8_t { Open, Blocked };
  struct Peer {
    lws* wsi = nullptr;  // null: the slot is free
    std::uint32_t generation = 0;
    Flow flow = Flow::Open;
    bool reading_paused = false;
    relay::Encoding encoding = relay::Encoding::Binary;
    std::unique_ptr<Bytes> partial;  // a message whose end has not come yet
  };

  Peer* peer_of(relay::ConnectionHandle connection);
  /// The handle of a connection that the shard still knows.
  static std::optional<std::uint32_t> slot_of(lws* wsi);
  relay::ConnectionHandle handle_of(std::uint32_t slot) const;
  void forget(std::uint32_t slot);
  void kill(lws* wsi);
  void refuse_kind(lws* wsi, std::uint32_t slot);
  void take_message(std::uint32_t slot, ByteView fragment, bool complete);
  void send_close(lws* wsi, std::uint16_t code, std::string_view reason);

  ShardDriver& driver_;
  std::size_t message_bytes_max_;
  std::vector<Peer> peers_;
  std::size_t open_ = 0;
  std::uint64_t partial_writes_ = 0;
  bool timers_armed_ = false;
};

}  // namespace tidegate::net
