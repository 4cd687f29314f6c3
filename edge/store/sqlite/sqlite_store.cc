#include "edge/store/sqlite/sqlite_store.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "core/base/limits.h"
#include "edge/store/sqlite/committer.h"
#include "edge/store/sqlite/schema.h"
#include "edge/store/sqlite/upkeep.h"

namespace tidegate::store {
namespace {

/// Where a port's answers go. Requests that wait keep it alive; the port closes it.
class Outlet {
 public:
  explicit Outlet(AnswerOutlet to) : to_(std::move(to)) {}
  void answer(std::vector<StoreAnswer> answers) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (to_) to_(std::move(answers));
  }
  void close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    to_ = nullptr;
  }

 private:
  std::mutex mutex_;
  AnswerOutlet to_;
};
using OutletPtr = std::shared_ptr<Outlet>;

/// Trims and releases are few, and have no answer that could refuse them.
bool refusable(const StoreRequest& request) {
  return !std::holds_alternative<relay::StoreTrim>(request) &&
         !std::holds_alternative<relay::StoreRelease>(request);
}

/// What waits for the thread.
class RequestQueue {
 public:
  struct Turn {
    std::vector<WaitingRequest> requests;
    std::vector<OutletPtr> outlets;  // of each
    bool ended = false;              // and nothing is left
  };

  /// False when it is full and the request is one that can be refused: then it stays as it is.
  bool add(WaitingRequest& request, const OutletPtr& outlet) {
    const std::size_t bytes = request.bytes();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (refusable(request.request) && (waiting_.size() >= limits::store_waiting_requests_max ||
                                       bytes_ + bytes > limits::store_waiting_bytes_max)) {
      return false;
    }
    bytes_ += bytes;
    waiting_.push_back({std::move(request), outlet});
    if (waiting_.size() == 1) changed_.notify_one();
    return true;
  }

  /// As much as one transaction takes, waiting for the first until `deadline`.
  Turn take(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return ended_ || !waiting_.empty(); });
    Turn turn;
    std::size_t bytes = 0;
    while (!waiting_.empty() && turn.requests.size() < limits::store_turn_requests_max &&
           bytes < limits::store_turn_bytes_max) {
      Waiting& next = waiting_.front();
      bytes += next.request.bytes();
      turn.requests.push_back(std::move(next.request));
      turn.outlets.push_back(std::move(next.outlet));
      waiting_.pop_front();
    }
    bytes_ -= bytes;
    turn.ended = ended_ && turn.requests.empty();
    return turn;
  }

  void end() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_one();
  }
  void measure(StoreCounters& counters) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    counters.requests_waiting = waiting_.size();
    counters.bytes_waiting = bytes_;
  }

 private:
  struct Waiting {
    WaitingRequest request;
    OutletPtr outlet;
  };
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::size_t bytes_ = 0;
  bool ended_ = false;
};

Error queue_full() {
  return Error{ErrorCode::Busy,
               "the store has more to write than it can take; repeat a little later",
               limits::store_retry_after_ms};
}

/// What a request is told that could not even wait.
std::optional<StoreAnswer> refusal(const StoreRequest& request) {
  if (const auto* open = std::get_if<relay::StoreOpen>(&request)) {
    return StoreAnswer{open->id, Result<relay::StoreOpened>(queue_full())};
  }
  if (const auto* append = std::get_if<relay::StoreAppend>(&request)) {
    return StoreAnswer{append->id, relay::AppendResult(relay::AppendRefused{queue_full()})};
  }
  if (const auto* read = std::get_if<relay::StoreRead>(&request)) {
    return StoreAnswer{read->id, Result<relay::StoreReadResult>(queue_full())};
  }
  if (const auto* records = std::get_if<relay::StoreReadRecords>(&request)) {
    return StoreAnswer{records->id, Result<relay::StoreRecordsResult>(queue_full())};
  }
  return std::nullopt;
}

class Port final : public StorePort {
 public:
  Port(RequestQueue& queue, AnswerOutlet outlet)
      : queue_(queue), outlet_(std::make_shared<Outlet>(std::move(outlet))) {}
  ~Port() override { outlet_->close(); }

  std::optional<StoreAnswer> submit(StoreRequest request) override {
    WaitingRequest waiting(std::move(request));
    if (queue_.add(waiting, outlet_)) return std::nullopt;
    return refusal(waiting.request);
  }

 private:
  RequestQueue& queue_;
  OutletPtr outlet_;
};

class Writer final : public SqliteStore {
 public:
  Writer(std::unique_ptr<Database> database, std::unique_ptr<LogTable> log, SqliteOptions options)
      : options_(std::move(options)),
        database_(std::move(database)),
        log_(std::move(log)),
        streams_(*database_, *log_,
                 {options_.rules.remembered_age, options_.rules.remembered_entries},
                 options_.entropy),
        committer_(*database_, streams_),
        upkeep_(*database_, *log_, streams_, committer_,
                {limits::store_empty_stream_age, options_.rules.history_age}),
        thread_([this] { run(); }) {}
  ~Writer() override {
    queue_.end();
    thread_.join();
  }

  std::unique_ptr<StorePort> connect(AnswerOutlet outlet) override {
    return std::make_unique<Port>(queue_, std::move(outlet));
  }

  void reconfigure(StoreRules rules) override {
    const std::lock_guard<std::mutex> lock(next_rules_mutex_);
    next_rules_ = std::move(rules);
  }

  std::optional<StoreCounters> counters() const override {
    const std::lock_guard<std::mutex> lock(published_mutex_);
    StoreCounters counters = published_;
    queue_.measure(counters);
    return counters;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  void take_rules();
  void carry_out(RequestQueue::Turn& turn);
  void note_trouble();
  void publish_counters();

  SqliteOptions options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<LogTable> log_;  // ends before the database: it holds statements
  StreamTable streams_;
  Committer committer_;
  Upkeep upkeep_;
  RequestQueue queue_;
  bool in_trouble_ = false;

  std::mutex next_rules_mutex_;
  std::optional<StoreRules> next_rules_;

  mutable std::mutex published_mutex_;
  StoreCounters published_;
  std::thread thread_;
};

void Writer::run() {
  upkeep_.run(options_.wall_clock());
  Clock::time_point upkeep_at = Clock::now() + limits::store_upkeep_interval;
  while (true) {
    RequestQueue::Turn turn = queue_.take(upkeep_at);
    if (turn.ended) break;
    take_rules();
    if (!turn.requests.empty()) carry_out(turn);
    if (Clock::now() >= upkeep_at) {
      const bool more = upkeep_.run(options_.wall_clock());
      // A piece more when nothing else is waiting, and in any case before long.
      upkeep_at = Clock::now() + (more ? Duration{1000} : limits::store_upkeep_interval);
      publish_counters();
    }
  }
}

void Writer::take_rules() {
  std::optional<StoreRules> rules;
  {
    const std::lock_guard<std::mutex> lock(next_rules_mutex_);
    rules.swap(next_rules_);
  }
  if (!rules.has_value()) return;
  streams_.set_remembered({rules->remembered_age, rules->remembered_entries});
  upkeep_.set_history_age(std::move(rules->history_age));
}

void Writer::carry_out(RequestQueue::Turn& turn) {
  Committer::Answers answers = committer_.carry_out(turn.requests, options_.wall_clock());
  publish_counters();
  // In the order of the shards' first requests; what a shard is told stays in order.
  std::vector<std::pair<OutletPtr, std::vector<StoreAnswer>>> by_outlet;
  for (std::size_t index = 0; index < answers.size(); ++index) {
    if (!answers[index].has_value()) continue;
    OutletPtr& outlet = turn.outlets[index];
    auto place = std::find_if(by_outlet.begin(), by_outlet.end(),
                              [&](const auto& one) { return one.first == outlet; });
    if (place == by_outlet.end()) {
      place = by_outlet.emplace(by_outlet.end(), std::move(outlet), std::vector<StoreAnswer>());
    }
    place->second.push_back(std::move(*answers[index]));
  }
  for (auto& [outlet, some] : by_outlet) outlet->answer(std::move(some));
  note_trouble();
  upkeep_.after_commit();
}

/// Once when it begins and once when it is over: publishers are told each time anyway.
void Writer::note_trouble() {
  const auto& trouble = committer_.trouble();
  if (in_trouble_ == trouble.has_value() || !options_.log) return;
  in_trouble_ = trouble.has_value();
  if (in_trouble_) {
    options_.log({relay::LogLevel::Error, trouble->message});
  } else {
    options_.log({relay::LogLevel::Info, "the store " + options_.path + " is written again"});
  }
}

void Writer::publish_counters() {
  StoreCounters counters = committer_.counters();
  counters.wal_bytes = upkeep_.wal_bytes();
  counters.database_bytes = upkeep_.database_bytes();
  const std::lock_guard<std::mutex> lock(published_mutex_);
  published_ = counters;
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteOptions options) {
  auto database = Database::open({options.path, options.vfs, options.page_count_max});
  if (!database) return database.error();
  const Status schema = prepare_schema(**database);
  if (!schema) return schema.error();
  auto log = LogTable::load(**database, options.tail_rows);
  if (!log) return log.error();
  return std::unique_ptr<SqliteStore>(
      std::make_unique<Writer>(std::move(*database), std::move(*log), std::move(options)));
}

}  // namespace tidegate::store
