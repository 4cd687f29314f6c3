// A relay process: N real RelayShards, the mailboxes between them, and a shell that carries out
// their effects in virtual time. Mailboxes keep order for each pair of shards and nothing else. A
// crash loses everything in memory; a drain is the polite way to the same end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "edge/relay/relay_shard.h"
#include "tests/sim/check/access_checker.h"
#include "tests/sim/check/limits_checker.h"
#include "tests/sim/check/signal_age_checker.h"
#include "tests/sim/check/signal_checker.h"
#include "tests/sim/sim_context.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_store.h"
#include "tests/sim/sim_tokens.h"
#include "tests/sim/wire_faults.h"

namespace tidegate::sim {

class SimRelay : public RelayEnd {
 public:
  /// What an HTTP publisher hears: nullopt when the connection broke or the answer was lost.
  using PublishDone = std::function<void(std::optional<Result<relay::PublishReceipt>>)>;

  struct Parts {
    SimContext& context;
    SimNetwork& network;
    SimStore& store;
    const SimDirectory& directory;
    const SimTokens& tokens;
    AccessChecker& access;
    LimitsChecker& limits;
    WireFaults& faults;
    SignalChecker& signals;
    SignalAgeChecker& signal_ages;
  };
  explicit SimRelay(const Parts& parts);
  ~SimRelay() override;

  void start();
  void crash();
  /// Drains within `window`, then ends the process and starts another.
  void drain(Duration window);
  /// Crashes and comes back after `downtime`.
  void restart(Duration downtime);
  bool up() const { return !shards_.empty(); }
  bool listening() const override { return up() && !draining_; }
  void publish(relay::PublishRequest request, PublishDone done);
  void start_faults();
  void heal();
  std::uint16_t shard_count() const { return static_cast<std::uint16_t>(shards_.size()); }
  const relay::RelayShard& shard(std::uint16_t index) const;
  relay::RelayCounters total() const;
  /// The next links go to this shard (scenarios); nullopt: any.
  void pin_next_shard(std::optional<std::uint16_t> shard) { pinned_shard_ = shard; }

  // ---- the network
  void link_connected(LinkId link, std::uint32_t client) override;
  void link_message(LinkId link, ByteView message) override;
  void link_disconnected(LinkId link) override;
  void link_writable(LinkId link) override;

 private:
  struct Shard {
    std::unique_ptr<relay::RelayShard> machine;
    std::map<relay::ConnectionHandle, LinkId> links;
    Instant timer_at = Instant::max();
    std::uint64_t timer_spins = 0;
    Instant last_timer;
  };
  struct Place {
    std::uint16_t shard = 0;
    relay::ConnectionHandle handle;
    std::uint32_t client = 0;
    relay::Encoding encoding = relay::Encoding::Binary;
    bool blocked = false;
  };
  struct Pair {
    Instant last_at;
    MailboxLoad waiting;
  };

  // Carrying out effects, one for each kind.
  void turn(std::uint16_t index);
  void arm(std::uint16_t index);
  void handle_timer(std::uint16_t index);
  void carry_out(std::uint16_t index, relay::Transmit effect);
  void carry_out(std::uint16_t index, relay::Close effect);
  void carry_out(std::uint16_t index, relay::PauseReading effect);
  void carry_out(std::uint16_t index, relay::VerifyToken effect);
  void carry_out(std::uint16_t index, relay::StoreOpen effect);
  void carry_out(std::uint16_t index, relay::StoreAppend effect);
  void carry_out(std::uint16_t index, relay::StoreRead effect);
  void carry_out(std::uint16_t index, relay::StoreReadRecords effect);
  void carry_out(std::uint16_t index, relay::StoreTrim effect);
  void carry_out(std::uint16_t index, relay::StoreRelease effect);
  void carry_out(std::uint16_t index, relay::ShardSend effect);
  void carry_out(std::uint16_t index, relay::PublishAnswer effect);
  void carry_out(std::uint16_t, const relay::ReadAnswer&) {}  // nobody reads over HTTP here

  /// Runs `body` on a shard unless this process has gone meanwhile, then takes its turn.
  std::function<void()> on_shard(std::uint16_t index, std::function<void(relay::RelayShard&)> body);
  void send_one(std::uint16_t index, const relay::SharedMessagePtr& message,
                relay::ConnectionHandle connection);
  Place* place_of(LinkId link);
  void answer_all_as_lost();
  void end_process();
  /// The checkers of what is written forget the link.
  void forget_link(LinkId link);
  void next_fault(Duration every, void (SimRelay::*strike)());
  void strike_crash();
  void strike_drain();

  Parts parts_;
  SimContext& context_;
  Prng prng_;
  std::uint64_t incarnation_ = 0;  // of the process; what an earlier one started is dropped
  bool draining_ = false;
  bool restart_pending_ = false;
  std::optional<std::uint16_t> pinned_shard_;
  std::map<std::uint32_t, relay::Encoding> encodings_;  // of clients
  std::vector<Shard> shards_;
  std::map<LinkId, Place> places_;
  std::map<std::pair<std::uint16_t, std::uint16_t>, Pair> mailboxes_;
  std::map<std::uint64_t, PublishDone> waiting_publishes_;
  std::uint64_t next_ticket_ = 1;
  std::uint64_t turns_ = 0;
  std::size_t connections_ever_ = 0;  // of this process
};

}  // namespace tidegate::sim
