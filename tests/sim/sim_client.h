// A client: the real ClientSession in a shell of virtual sockets and timers, and around it an
// application that remembers what it was given. The session inside is replaced when the page
// reloads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/client/client_session.h"
#include "tests/sim/check/delivery_checker.h"
#include "tests/sim/check/limits_checker.h"
#include "tests/sim/check/liveness_checker.h"
#include "tests/sim/check/publish_checker.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_tokens.h"

namespace tidegate::sim {

class SimClient : public ClientEnd {
 public:
  struct Parts {
    SimContext& context;
    SimNetwork& network;
    SimTokens& tokens;
    const SimDirectory& directory;
    Oracle& oracle;
    DeliveryChecker& delivery;
    PublishChecker& publishes;
    LimitsChecker& limits;
    LivenessChecker& liveness;
  };
  /// What the client's tokens allow, for its whole life.
  struct Rights {
    std::uint64_t may_subscribe = ~0ULL;
    std::uint64_t may_publish = ~0ULL;
  };
  SimClient(const Parts& parts, std::uint32_t index, std::uint32_t tenant, Rights rights);
  ~SimClient() override;

  // ---- what the application does
  enum class From : std::uint8_t { Now, History, HeldPosition, BogusPosition };
  void connect();
  void disconnect();
  void subscribe(std::uint32_t channel, From from, std::uint32_t history = 0);
  void unsubscribe(std::uint32_t channel);
  void publish(std::uint64_t intent);
  /// Called for each row with some chance; may call any command.
  void on_row(std::function<void()> callback) { on_row_ = std::move(callback); }

  // ---- what happens to it
  void set_network(bool online);
  void resume();
  void reload();

  // ---- getters
  std::uint32_t index() const { return index_; }
  std::uint32_t tenant() const { return tenant_; }
  bool may_publish(std::uint32_t channel) const {
    return (rights_.may_publish >> channel & 1) != 0;
  }
  bool wants(std::uint32_t channel) const;
  bool online() const { return online_; }
  bool connected() const { return session_->state() == ClientState::Live; }
  const ClientSession& session() const { return *session_; }
  /// What the application holds of a channel; nullptr before the first subscribe.
  const ChannelView* view(std::uint32_t channel) const;
  /// Why this client is not live and complete; nullopt when it is.
  std::optional<std::string> missing() const;
  std::string name() const { return "client " + std::to_string(index_); }

  // ---- the network
  void link_opened(ConnectionId connection) override;
  void link_message(ConnectionId connection, ByteView message) override;
  void link_closed(ConnectionId connection, std::uint16_t code, const std::string& why) override;

 private:
  struct Mount {
    SubscriptionId id = SubscriptionId::None;
    std::uint32_t references = 0;
  };

  void begin_session();
  void turn();
  void arm();
  void handle_timer(Instant armed);
  void carry_out(const Effect& effect);
  void fetch_token(std::uint32_t fetch);
  std::string issue_token();
  void handle(const Event& event);
  void handle_rows(const RowsDelivered& rows);
  void read_row(ChannelView& view, SubscriptionId id, ByteView source, const RowEntry& entry);
  void check_drained();
  SubscribeOptions options_for(std::uint32_t channel, From from, std::uint32_t history);
  ChannelView new_view(std::uint32_t channel, From from, const SubscribeOptions& options) const;
  ChannelView* view_of(SubscriptionId id);
  // Sockets of different sessions of one client have different numbers on the network.
  ConnectionId on_network(ConnectionId connection) const;
  std::optional<ConnectionId> from_network(ConnectionId connection) const;

  Parts parts_;
  SimContext& context_;
  Prng prng_;
  const std::uint32_t index_;
  const std::uint32_t tenant_;
  const Rights rights_;
  bool fetches_tokens_ = false;
  bool online_ = true;
  bool wants_connection_ = false;
  bool in_turn_ = false;
  std::uint32_t life_ = 0;  // counts page loads
  Instant urged_until_ = Instant::min();
  Instant timer_at_ = Instant::max();
  Instant last_timer_;
  std::uint64_t timer_spins_ = 0;
  std::unique_ptr<ClientSession> session_;
  ConnectionId socket_ = ConnectionId::None;
  std::map<std::uint32_t, Mount> mounts_;  // by channel
  std::map<SubscriptionId, ChannelView> views_;
  std::map<std::uint32_t, std::string> event_names_;
  std::map<RequestId, std::uint64_t> publishing_;  // → intent
  std::function<void()> on_row_;
};

}  // namespace tidegate::sim
