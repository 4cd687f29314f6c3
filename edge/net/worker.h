// One worker thread of the relay with everything that belongs to it: loop, library context,
// listener, shard, store and mailbox. Workers share nothing but their mailboxes and one count of
// connections.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "edge/net/first_heads.h"
#include "edge/net/http_server.h"
#include "edge/net/listener.h"
#include "edge/net/mailbox.h"
#include "edge/net/relay_server.h"
#include "edge/net/shard_driver.h"
#include "edge/net/uv_loop.h"
#include "edge/net/ws_connections.h"

namespace tidegate::net {

/// Lets the server wait until every worker has sent its last connection away.
class DrainBarrier {
 public:
  explicit DrainBarrier(std::size_t workers) : missing_(workers) {}
  void arrive();
  /// False when `patience` ran out.
  bool wait(Duration patience);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t missing_;
};

/// What all workers of a server have in common; outlives them.
struct WorkerShared {
  ServerOptions options;
  std::size_t connections_max = 0;  // what the file limit allows of options.connections_max
  std::atomic<std::size_t> connections_open{0};
  std::vector<Mailbox> mailboxes;
  DrainBarrier drained;

  WorkerShared(ServerOptions server_options, std::size_t workers)
      : options(std::move(server_options)), mailboxes(workers), drained(workers) {}
};

class Worker final : public WorkerAccess, private ShardWorld {
 public:
  /// `incarnation` is entropy of the operating system, another in every process and worker.
  static Result<std::unique_ptr<Worker>> create(WorkerShared& shared, std::uint16_t index,
                                                std::uint64_t incarnation, int listening_fd);
  ~Worker() override;

  void start();
  /// After an EndLetter.
  void join();

  relay::RelayCounters relay_counters() const;
  NetCounters net_counters() const;

  // ---- WorkerAccess
  Now now() const override;
  void publish(std::vector<relay::PublishRequest> requests, PublishDone done) override;
  void read(relay::ReadRequest request, ReadDone done) override;
  Result<relay::ClaimsPtr> verify_token(std::string_view token) override;

  // ---- the library's callbacks (lws_protocols.cc)
  HttpServer& http() { return http_; }
  WsConnections& websockets() { return websockets_; }
  void handle_adopted(lws* wsi);
  void handle_established(lws* wsi, relay::Encoding encoding);
  void handle_destroyed(lws* wsi);

 private:
  Worker(WorkerShared& shared, std::uint16_t index, std::uint64_t incarnation, int listening_fd);
  static std::unique_ptr<store::StorePort> connect_store(WorkerShared& shared, std::uint16_t index);
  Status set_up();

  // ---- ShardWorld
  void transmit(const relay::Transmit& transmit) override { websockets_.transmit(transmit); }
  void close_connection(const relay::Close& close) override { websockets_.close(close); }
  void pause_reading(const relay::PauseReading& pause) override {
    websockets_.pause_reading(pause);
  }
  void send_to_shard(relay::ShardSend send) override;
  Result<relay::ClaimsPtr> verify_token(std::string_view token, WallTime now) override;
  void log(const relay::LogLine& line) override;
  void settled(std::optional<Instant> timeout) override;

  void handle_accepted(int fd);
  void handle_first_head(int fd, std::string_view head);
  void handle_gone();
  void handle_starved();
  void handle_letters();
  void handle_letter(ShardLetter& letter);
  void handle_letter(StoreLetter& letter);
  void handle_letter(UpdateLetter& letter);
  void handle_letter(DrainLetter& letter);
  void handle_letter(EndLetter& letter);
  void handle_turn();
  void arm_timer(std::optional<Instant> timeout);
  void post_outgoing();

  WorkerShared& shared_;
  const std::uint16_t index_;
  uv_async_t wake_{};  // the loop's handles stand before it, so that they outlive it
  uv_timer_t timer_{};
  uv_prepare_t turn_{};
  UvLoop loop_;
  LwsContext context_;
  lws_vhost* vhost_ = nullptr;
  std::optional<Instant> armed_for_;
  std::function<Result<relay::ClaimsPtr>(std::string_view token, WallTime now)> verify_token_;
  std::vector<Letter> incoming_;
  std::vector<std::vector<Letter>> outgoing_;  // for each shard, posted when the input is settled

  NetCounters counters_;
  std::size_t connections_ = 0;  // of this worker: waiting, HTTP and WebSocket
  ShardDriver driver_;
  WsConnections websockets_;
  HttpServer http_;
  std::unique_ptr<FirstHeads> first_heads_;
  std::unique_ptr<Listener> listener_;
  bool adopting_ = false;  // a socket that the library has not taken yet
  enum class Phase : std::uint8_t { Serving, Draining, Drained, Ended } phase_ = Phase::Serving;

  mutable std::mutex published_mutex_;
  relay::RelayCounters published_relay_;
  NetCounters published_net_;
  std::thread thread_;
};

}  // namespace tidegate::net
