#include "edge/net/worker.h"

#include <sys/socket.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "edge/net/clock.h"
#include "edge/net/http_message.h"
#include "edge/net/lws_protocols.h"

namespace tidegate::net {
namespace {

relay::ShardOptions shard_options(const WorkerShared& shared, std::uint16_t index,
                                  std::uint64_t incarnation) {
  relay::ShardOptions options;
  options.shard = index;
  options.shard_count = static_cast<std::uint16_t>(shared.mailboxes.size());
  options.incarnation = incarnation;
  options.config = shared.options.config;
  return options;
}

HttpServerOptions http_options(const ServerOptions& options) {
  return HttpServerOptions{options.http_api, options.http_body_bytes_max,
                           options.http_header_deadline, options.http_body_deadline};
}

unsigned whole_seconds(Duration duration) {
  return static_cast<unsigned>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

/// Without a library connection to write to: the words go into the socket's empty buffer.
void refuse_socket(int fd) {
  const HttpResponse response = error_response(
      503, Error{ErrorCode::Unavailable, "the relay holds as many connections as it may", 0});
  const std::string bytes = response_head(response, AfterResponse::Close) + response.body;
  (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
  close(fd);
}

}  // namespace

void DrainBarrier::arrive() {
  const std::lock_guard<std::mutex> lock(mutex_);
  --missing_;
  changed_.notify_all();
}

bool DrainBarrier::wait(Duration patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, patience, [this] { return missing_ == 0; });
}

Worker::Worker(WorkerShared& shared, std::uint16_t index, std::uint64_t incarnation,
               int listening_fd)
    : shared_(shared),
      index_(index),
      verify_token_(shared.options.verify_token),
      outgoing_(shared.mailboxes.size()),
      driver_(shard_options(shared, index, incarnation), connect_store(shared, index), *this),
      websockets_(driver_, shared.options.config->client_message_bytes_max),
      http_(http_options(shared.options), *this, counters_),
      first_heads_(std::make_unique<FirstHeads>(
          loop_.get(), shared.options.http_header_deadline,
          [this](int fd, std::string_view head) { handle_first_head(fd, head); },
          [this] { handle_gone(); })),
      listener_(std::make_unique<Listener>(
          loop_.get(), listening_fd, [this](int fd) { handle_accepted(fd); },
          [this] { handle_starved(); })) {}

Result<std::unique_ptr<Worker>> Worker::create(WorkerShared& shared, std::uint16_t index,
                                               std::uint64_t incarnation, int listening_fd) {
  std::unique_ptr<Worker> worker(new Worker(shared, index, incarnation, listening_fd));
  const Status status = worker->set_up();
  if (!status) {
    return status.error();
  }
  return worker;
}

/// What a store's thread has to say comes by the mailbox, like everything else of other threads.
std::unique_ptr<store::StorePort> Worker::connect_store(WorkerShared& shared, std::uint16_t index) {
  return shared.options.store->connect(
      [&mailbox = shared.mailboxes[index]](std::vector<store::StoreAnswer> answers) {
        std::vector<Letter> letters;
        letters.emplace_back(StoreLetter{std::move(answers)});
        mailbox.post(letters);
      });
}

Status Worker::set_up() {
  lws_context_creation_info creation = base_creation();
  creation.port = CONTEXT_PORT_NO_LISTEN_SERVER;
  creation.protocols = worker_protocols();
  creation.user = this;
  // Behind our own deadlines, which are exact.
  creation.timeout_secs = whole_seconds(shared_.options.http_header_deadline) + 5;
  creation.keepalive_timeout = static_cast<int>(whole_seconds(limits::http_keepalive_default) + 5);
  const Status status = context_.create(loop_, creation);
  if (!status) {
    return status;
  }
  vhost_ = lws_get_vhost_by_name(context_.get(), "default");
  uv_async_init(loop_.get(), &wake_,
                [](uv_async_t* wake) { static_cast<Worker*>(wake->data)->handle_letters(); });
  uv_timer_init(loop_.get(), &timer_);
  uv_prepare_init(loop_.get(), &turn_);
  wake_.data = timer_.data = turn_.data = this;
  uv_prepare_start(&turn_,
                   [](uv_prepare_t* turn) { static_cast<Worker*>(turn->data)->handle_turn(); });
  shared_.mailboxes[index_].open(&wake_);
  listener_->start();
  return ok_status();
}

Worker::~Worker() {
  phase_ = Phase::Ended;
  shared_.mailboxes[index_].close();
  listener_.reset();
  first_heads_.reset();
  context_.destroy();  // its last callbacks still need the rest of this object
}

void Worker::start() {
  thread_ = std::thread([this] { uv_run(loop_.get(), UV_RUN_DEFAULT); });
}

void Worker::join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

relay::RelayCounters Worker::relay_counters() const {
  const std::lock_guard<std::mutex> lock(published_mutex_);
  return published_relay_;
}

NetCounters Worker::net_counters() const {
  const std::lock_guard<std::mutex> lock(published_mutex_);
  return published_net_;
}

Now Worker::now() const { return real_now(); }

void Worker::publish(std::vector<relay::PublishRequest> requests, PublishDone done) {
  driver_.publish(std::move(requests), std::move(done));
}

void Worker::read(relay::ReadRequest request, ReadDone done) {
  driver_.read(std::move(request), std::move(done));
}

Result<relay::ClaimsPtr> Worker::verify_token(std::string_view token) {
  return verify_token(token, now().wall);
}

// ---- connections

void Worker::handle_accepted(int fd) {
  if (shared_.connections_open.load(std::memory_order_relaxed) >= shared_.connections_max) {
    ++counters_.http_rejected;
    refuse_socket(fd);
    return;
  }
  ++connections_;
  shared_.connections_open.fetch_add(1, std::memory_order_relaxed);
  first_heads_->add(fd);
}

/// The library works off the head within the call, up to the end of the connection.
void Worker::handle_first_head(int fd, std::string_view head) {
  adopting_ = true;
  lws_adopt_socket_vhost_readbuf(vhost_, fd, head.data(), head.size());
  if (adopting_) {
    adopting_ = false;
    handle_gone();  // the library could not take it, and has closed it
  }
}

void Worker::handle_adopted(lws* wsi) {
  adopting_ = false;
  http_.handle_accepted(wsi);
}

void Worker::handle_gone() {
  --connections_;
  shared_.connections_open.fetch_sub(1, std::memory_order_relaxed);
}

void Worker::handle_starved() {
  ++counters_.http_rejected;
  log(relay::LogLine{relay::LogLevel::Error,
                     "a connection was dropped: the process has no file descriptor left; raise "
                     "its limit (ulimit -n) or lower connections_max"});
}

void Worker::handle_established(lws* wsi, relay::Encoding encoding) {
  http_.handle_upgraded(wsi);
  websockets_.handle_established(wsi, encoding);
}

void Worker::handle_destroyed(lws* wsi) {
  if (tag_of(wsi) == 0) {
    return;  // one of the library's own
  }
  websockets_.handle_closed(wsi);
  http_.handle_destroyed(wsi);
  set_tag(wsi, 0);
  handle_gone();
}

// ---- the shard's world

void Worker::send_to_shard(relay::ShardSend send) {
  outgoing_[send.to].emplace_back(ShardLetter{index_, std::move(send.message)});
}

Result<relay::ClaimsPtr> Worker::verify_token(std::string_view token, WallTime now) {
  return verify_token_(token, now);
}

void Worker::log(const relay::LogLine& line) {
  if (shared_.options.log) {
    shared_.options.log(line);
  }
}

void Worker::settled(std::optional<Instant> timeout) {
  arm_timer(timeout);
  post_outgoing();
  if (websockets_.take_timers_armed() && phase_ != Phase::Ended) {
    lws_cancel_service(context_.get());
  }
}

void Worker::post_outgoing() {
  for (std::size_t to = 0; to < outgoing_.size(); ++to) {
    if (!outgoing_[to].empty()) {
      counters_.mailbox_messages += outgoing_[to].size();
      shared_.mailboxes[to].post(outgoing_[to]);
    }
  }
}

void Worker::arm_timer(std::optional<Instant> timeout) {
  if (timeout == armed_for_) {
    return;
  }
  armed_for_ = timeout;
  if (!timeout.has_value()) {
    uv_timer_stop(&timer_);
    return;
  }
  const Duration wait = std::max(*timeout - now().monotonic, Duration{0});
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  uv_timer_start(
      &timer_,
      [](uv_timer_t* timer) {
        auto& worker = *static_cast<Worker*>(timer->data);
        worker.armed_for_.reset();
        worker.driver_.feed([](relay::RelayShard& shard, Now now) { shard.handle_timeout(now); });
      },
      static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 1)), 0);
}

// ---- the mailbox and the loop's turns

void Worker::handle_letters() {
  shared_.mailboxes[index_].collect(incoming_);
  driver_.feed(
      [this](relay::RelayShard&, Now) {  // as one input: what came together belongs together
        for (Letter& letter : incoming_) {
          std::visit([this](auto& one) { handle_letter(one); }, letter);
        }
      });
  incoming_.clear();
}

void Worker::handle_letter(ShardLetter& letter) {
  driver_.shard().handle_shard_message(now(), letter.from, std::move(letter.message));
}

void Worker::handle_letter(StoreLetter& letter) {
  for (store::StoreAnswer& answer : letter.answers) {
    driver_.handle_store_answer(answer);
  }
}

void Worker::handle_letter(UpdateLetter& letter) {
  const ServerUpdate& update = *letter.update;
  verify_token_ = update.verify_token;
  http_.set_api(update.http_api);
  driver_.shard().reconfigure(now(), update.config);
}

void Worker::handle_letter(DrainLetter& letter) {
  if (phase_ != Phase::Serving) {
    return;
  }
  phase_ = Phase::Draining;
  listener_->stop();
  http_.drain();
  first_heads_->drain();
  driver_.feed(
      [&](relay::RelayShard& shard, Now now) { shard.drain(now, letter.window, letter.seed); });
  lws_cancel_service(context_.get());
}

void Worker::handle_letter(EndLetter&) {
  phase_ = Phase::Ended;
  uv_stop(loop_.get());
}

void Worker::handle_turn() {
  counters_.connections_open = connections_;
  counters_.partial_writes = websockets_.partial_writes();
  {
    const std::lock_guard<std::mutex> lock(published_mutex_);
    published_relay_ = driver_.shard().counters();
    published_net_ = counters_;
  }
  if (phase_ == Phase::Draining && connections_ == 0) {
    phase_ = Phase::Drained;
    shared_.drained.arrive();
  }
}

}  // namespace tidegate::net
