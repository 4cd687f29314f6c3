// The network between clients and the relay: links of two pipes each, which keep order, take time,
// stall, fill up, and are cut at any place. A cut loses a suffix of what is under way in each
// direction (WebSocket hands on whole messages only, so half a message is a lost message), and the
// two ends learn of it each at its own time, or, half-open, not for minutes. It knows no sessions
// and no frames.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "core/client/event.h"
#include "edge/relay/shared_message.h"
#include "tests/sim/sim_context.h"

namespace tidegate::sim {

/// One connection attempt and what became of it.
enum class LinkId : std::uint32_t { None = 0 };

/// What a client hears of its links.
class ClientEnd {
 public:
  virtual ~ClientEnd() = default;
  virtual void link_opened(ConnectionId connection) = 0;
  virtual void link_message(ConnectionId connection, ByteView message) = 0;
  virtual void link_closed(ConnectionId connection, std::uint16_t code, const std::string& why) = 0;
};

/// What the relay hears of its links.
class RelayEnd {
 public:
  virtual ~RelayEnd() = default;
  virtual bool listening() const = 0;
  virtual void link_connected(LinkId link, std::uint32_t client) = 0;
  virtual void link_message(LinkId link, ByteView message) = 0;
  virtual void link_disconnected(LinkId link) = 0;
  virtual void link_writable(LinkId link) = 0;
};

class SimNetwork {
 public:
  explicit SimNetwork(SimContext& context);
  void attach_relay(RelayEnd* relay) { relay_ = relay; }
  void attach_client(std::uint32_t client, ClientEnd* end);

  // ---- what the ends do
  void client_open(std::uint32_t client, ConnectionId connection);
  void client_send(std::uint32_t client, ConnectionId connection, Bytes message);
  void client_close(std::uint32_t client, ConnectionId connection);
  /// True when the link is blocked by it.
  bool relay_send(LinkId link, relay::SharedMessagePtr message);
  void relay_close(LinkId link, std::uint16_t code, const std::string& reason);
  void relay_pause(LinkId link, bool paused);
  void relay_crashed();

  // ---- faults, also called by scenarios
  enum class CutKind { BothLearn, ClientHalfOpen, RelayHalfOpen };
  void cut(LinkId link, CutKind kind);
  void cut_client(std::uint32_t client, CutKind kind = CutKind::BothLearn);
  void stall(LinkId link, bool up, Duration time);
  void stall_client(std::uint32_t client, bool up, Duration time);
  void start_faults();
  /// After the last fault: nothing is stalled or slow any more. What was cut stays cut.
  void heal();

  std::size_t open_links() const { return links_.size(); }
  /// Connection attempts so far.
  std::uint64_t attempts() const { return attempts_; }

 private:
  enum class End : std::uint8_t { Waiting, Open, Gone };
  struct Item {
    enum class Kind : std::uint8_t { Opened, Message, Closed };
    Kind kind = Kind::Message;
    Instant at;
    std::uint16_t code = 0;
    std::string reason;
    Bytes bytes;
    relay::SharedMessagePtr shared;
  };
  struct Pipe {
    std::deque<Item> items;
    Instant last_at;
    Instant stalled_until;
    Instant pump_at = Instant::max();  // when the next look is armed
    bool paused = false;
    std::size_t bytes = 0;
  };
  struct Link {
    LinkId id = LinkId::None;
    std::uint32_t client = 0;
    ConnectionId connection = ConnectionId::None;
    End client_end = End::Waiting;
    End relay_end = End::Waiting;
    bool is_cut = false;
    bool blocked = false;
    std::uint64_t down_bytes_per_ms = 0;
    Pipe up;
    Pipe down;
  };

  Link* find(LinkId id);
  Link* find(std::uint32_t client, ConnectionId connection);
  LinkId link_of_client(std::uint32_t client);
  LinkId random_link();
  Duration latency();
  void push(Link& link, bool up, Item item, Duration extra = {});
  void arm(Link& link, bool up);
  void pump(LinkId id, bool up);
  void deliver(LinkId id, bool up, Item item);
  void deliver_up(Link& link, Item& item);
  void deliver_down(Link& link, Item& item);
  void lose_suffix(Pipe& pipe);
  void drop_if_over(LinkId id);
  void refuse(Link& link, Duration delay);
  void next_fault(Duration every, void (SimNetwork::*strike)());
  void strike_cut();
  void strike_half_open();
  void strike_stall();

  SimContext& context_;
  Prng prng_;
  RelayEnd* relay_ = nullptr;
  std::map<std::uint32_t, ClientEnd*> clients_;
  std::map<LinkId, std::unique_ptr<Link>> links_;
  std::uint32_t next_link_ = 1;
  std::uint64_t attempts_ = 0;
};

}  // namespace tidegate::sim
