#include "edge/net/relay_server.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "edge/net/clock.h"
#include "edge/net/drain_window.h"
#include "edge/net/file_limit.h"
#include "edge/net/lws_log.h"
#include "edge/net/worker.h"
#include "edge/store/memory_stores.h"

namespace tidegate::net {
namespace {

unsigned worker_count_for(const ServerOptions& options) {
  const unsigned wanted =
      options.workers != 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
  return std::min(wanted, static_cast<unsigned>(limits::workers_max));
}

class Server final : public RelayServer {
 public:
  explicit Server(ServerOptions options, unsigned workers)
      : log_scope_(options.log), shared_(std::move(options), workers) {}
  ~Server() override { stop(Duration{0}); }

  Status set_up();

  std::uint16_t port() const override { return port_; }
  unsigned worker_count() const override { return static_cast<unsigned>(workers_.size()); }
  std::vector<relay::RelayCounters> relay_counters() const override;
  std::vector<NetCounters> net_counters() const override;
  std::optional<store::StoreCounters> store_counters() const override {
    return shared_.options.store->counters();
  }
  void update(ServerUpdate update) override;
  void stop(Duration window_max) override;

 private:
  Status create_workers(const std::vector<ListeningSocket>& sockets);
  void fit_connections_max();
  template <typename MakeLetter>
  void post_to_all(MakeLetter&& make_letter);

  LwsLogScope log_scope_;
  WorkerShared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::uint16_t port_ = 0;
  bool running_ = false;
};

Status Server::set_up() {
  fit_connections_max();
  auto sockets =
      open_listening_sockets(shared_.options.host, shared_.options.port, shared_.mailboxes.size());
  if (!sockets) {
    return sockets.error();
  }
  port_ = sockets->front().port;
  const Status created = create_workers(*sockets);
  if (!created) {
    return created;
  }
  running_ = true;
  log_scope_.hush();
  for (const auto& worker : workers_) {
    worker->start();
  }
  return ok_status();
}

void Server::fit_connections_max() {
  shared_.connections_max = fit_file_limit(shared_.options.connections_max);
  if (shared_.connections_max < shared_.options.connections_max && shared_.options.log) {
    shared_.options.log(relay::LogLine{
        relay::LogLevel::Warning,
        "connections are limited to " + std::to_string(shared_.connections_max) + " instead of " +
            std::to_string(shared_.options.connections_max) +
            " by the limit on open files; raise it (ulimit -n, or LimitNOFILE of the service)"});
  }
}

/// One after another, on this thread: the library's set-up is not made for several at a time.
Status Server::create_workers(const std::vector<ListeningSocket>& sockets) {
  Prng entropy(shared_.options.entropy != 0 ? shared_.options.entropy : entropy64());
  if (shared_.options.store == nullptr) {
    shared_.options.store = std::make_shared<store::MemoryStores>(entropy.next());
  }
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    auto worker =
        Worker::create(shared_, static_cast<std::uint16_t>(i), entropy.next(), sockets[i].fd);
    if (!worker) {
      std::for_each(sockets.begin() + static_cast<std::ptrdiff_t>(i) + 1, sockets.end(),
                    [](const ListeningSocket& socket) { close(socket.fd); });
      return worker.error();
    }
    workers_.push_back(std::move(*worker));
  }
  return ok_status();
}

std::vector<relay::RelayCounters> Server::relay_counters() const {
  std::vector<relay::RelayCounters> counters;
  for (const auto& worker : workers_) {
    counters.push_back(worker->relay_counters());
  }
  return counters;
}

std::vector<NetCounters> Server::net_counters() const {
  std::vector<NetCounters> counters;
  for (const auto& worker : workers_) {
    counters.push_back(worker->net_counters());
  }
  return counters;
}

template <typename MakeLetter>
void Server::post_to_all(MakeLetter&& make_letter) {
  for (Mailbox& mailbox : shared_.mailboxes) {
    std::vector<Letter> letters;
    letters.emplace_back(make_letter());
    mailbox.post(letters);
  }
}

void Server::update(ServerUpdate update) {
  const auto shared = std::make_shared<const ServerUpdate>(std::move(update));
  post_to_all([&shared] { return UpdateLetter{shared}; });
}

void Server::stop(Duration window_max) {
  if (!running_) {
    return;
  }
  running_ = false;
  const Duration window = drain_window(shared_.connections_open, window_max);
  post_to_all([window] { return DrainLetter{window, entropy64()}; });
  shared_.drained.wait(window + limits::close_timeout + limits::drain_grace);
  post_to_all([] { return EndLetter{}; });
  for (const auto& worker : workers_) {
    worker->join();
  }
}

Status check_options(const ServerOptions& options) {
  if (options.config == nullptr || options.http_api == nullptr || !options.verify_token) {
    return Error{ErrorCode::BadRequest,
                 "a relay server needs a configuration, an HTTP API and a token check", 0};
  }
  return ok_status();
}

}  // namespace

Result<std::unique_ptr<RelayServer>> RelayServer::start(ServerOptions options) {
  const Status checked = check_options(options);
  if (!checked) {
    return checked.error();
  }
  const unsigned workers = worker_count_for(options);
  auto server = std::make_unique<Server>(std::move(options), workers);
  const Status status = server->set_up();
  if (!status) {
    return status.error();
  }
  return std::unique_ptr<RelayServer>(std::move(server));
}

}  // namespace tidegate::net
