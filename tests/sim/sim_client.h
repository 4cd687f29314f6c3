// A client: the real ClientSession in a shell of virtual sockets and timers, and around it an
// application that remembers what it was given. The session inside is replaced when the page
// reloads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/client/client_session.h"
#include "tests/sim/check/delivery_checker.h"
#include "tests/sim/check/limits_checker.h"
#include "tests/sim/check/liveness_checker.h"
#include "tests/sim/check/publish_checker.h"
#include "tests/sim/check/records_checker.h"
#include "tests/sim/check/signal_checker.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_tokens.h"
#include "tests/sim/wire_faults.h"

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
    RecordsChecker& records;
    SignalChecker& signals;
    PublishChecker& publishes;
    LimitsChecker& limits;
    LivenessChecker& liveness;
    const WireFaults& faults;
  };
  /// What the client's tokens allow, for its whole life.
  struct Rights {
    std::uint64_t may_subscribe = ~0ULL;
    std::uint64_t may_publish = ~0ULL;
    bool is_outsider = false;  // see sim_redaction.h
  };
  SimClient(const Parts& parts, std::uint32_t index, std::uint32_t tenant, Rights rights);
  ~SimClient() override;

  // ---- what the application does
  enum class From : std::uint8_t { Now, History, HeldPosition, BogusPosition };
  void connect();
  void disconnect();
  struct Wish {
    std::uint32_t channel = 0;
    std::uint32_t filter = 0;  // of a state channel: check/record_filters.h
    auto operator<=>(const Wish&) const = default;
  };
  void subscribe(std::uint32_t channel, From from, std::uint32_t history = 0) {
    subscribe(Wish{channel}, from, history, {});
  }
  void subscribe(Wish wish, From from, std::uint32_t history, Duration min_interval);
  void unsubscribe(std::uint32_t channel) { unsubscribe(Wish{channel}); }
  void unsubscribe(Wish wish);
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
  bool wants(Wish wish) const;
  bool wants(std::uint32_t channel) const { return wants(Wish{channel}); }
  bool online() const { return online_; }
  bool connected() const { return session_->state() == ClientState::Live; }
  const ClientSession& session() const { return *session_; }
  /// What the application holds of a log channel, of records, of signals; nullptr before the first
  /// subscribe.
  const ChannelView* view(std::uint32_t channel) const { return view_as<ChannelView>({channel}); }
  const RecordsView* records(std::uint32_t channel, std::uint32_t filter = 0) const {
    return view_as<RecordsView>({channel, filter});
  }
  const SignalView* signals(std::uint32_t channel) const { return view_as<SignalView>({channel}); }
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
  using View = std::variant<ChannelView, RecordsView, SignalView>;
  /// A stream of the connection at hand, as its frames tell.
  struct BoundStream {
    std::uint32_t channel = 0;
    bool in_pass = false;  // its last block was a page, and more are to come
  };

  // sim_client.cc: the application's commands
  void begin_session();
  SubscribeOptions options_for(Wish wish, From from, std::uint32_t history);
  View new_view(Wish wish, From from, const SubscribeOptions& options) const;
  ChannelView new_log_view(Wish wish, From from, const SubscribeOptions& options) const;
  bool may_subscribe(std::uint32_t channel) const {
    return (rights_.may_subscribe >> channel & 1) != 0;
  }
  std::string who(Wish wish) const;
  template <typename Kind>
  const Kind* view_as(Wish wish) const {
    const auto mount = mounts_.find(wish);
    if (mount == mounts_.end()) return nullptr;
    const auto found = views_.find(mount->second.id);
    return found == views_.end() ? nullptr : std::get_if<Kind>(&found->second);
  }

  // sim_client_shell.cc
  void turn();
  void arm();
  void handle_timer(Instant armed);
  void carry_out(const Effect& effect);
  void fetch_token(std::uint32_t fetch);
  std::string issue_token();
  // Sockets of different sessions of one client have different numbers on the network.
  ConnectionId on_network(ConnectionId connection) const;
  std::optional<ConnectionId> from_network(ConnectionId connection) const;

  // sim_client_views.cc: what the application is told
  void handle(const Event& event);
  void handle_started(const SubscriptionStarted& started);
  void handle_live(const SubscriptionLive& live);
  void handle_ended(const SubscriptionEnded& ended);
  void handle_rows(const RowsDelivered& rows);
  void handle_removed(const RecordsRemoved& removed);
  void handle_answer(const Event& event);
  void read_row(View& view, SubscriptionId id, ByteView source, const RowEntry& entry);
  void look_into(ByteView message);
  bool in_pass(std::uint32_t channel) const;
  void check_drained();
  void check_digests();
  std::optional<std::string> missing(const Mount& mount, const View& view) const;
  std::optional<std::string> session_lacks(SubscriptionId id, const RecordsView& view) const;
  View* view_of(SubscriptionId id);

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
  Instant live_since_ = Instant::min();
  Instant timer_at_ = Instant::max();
  Instant last_timer_;
  std::uint64_t timer_spins_ = 0;
  std::unique_ptr<ClientSession> session_;
  ConnectionId socket_ = ConnectionId::None;
  std::map<Wish, Mount> mounts_;
  std::map<SubscriptionId, View> views_;
  std::map<std::uint32_t, BoundStream> streams_;
  bool pages_at_hand_ = false;   // the message at hand has pages of records
  bool sweeps_at_hand_ = false;  // … that say what is absent
  std::map<std::uint32_t, std::string> event_names_;
  std::map<RequestId, std::uint64_t> publishing_;  // → intent
  std::function<void()> on_row_;
};

}  // namespace tidegate::sim
