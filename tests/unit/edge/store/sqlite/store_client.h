// A shard's end of a store for tests: makes requests and waits for their answers.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "edge/relay/relay_effect.h"
#include "edge/store/sqlite/sqlite_store.h"

namespace tidegate::store::test {

using relay::ChannelKeyPtr;
using relay::EffectId;
using relay::LogRecordPtr;

inline ChannelKeyPtr channel(const std::string& name, const std::string& tenant = "t") {
  return std::make_shared<const relay::ChannelKey>(
      relay::ChannelKey{tenant, ChannelName::parse(name).value()});
}

inline constexpr WallTime kNoon = wall_from_ms(1'700'000'000'000);

inline LogRecordPtr record(std::uint64_t sequence, const std::string& payload = "1",
                           WallTime time = kNoon) {
  auto publication = std::make_shared<Publication>();
  publication->time = time;
  publication->payload.assign(payload.begin(), payload.end());
  publication->event_id = "e" + std::to_string(sequence);
  auto made = std::make_shared<relay::LogRecord>();
  made->id = {7, sequence};
  made->producer = "p";
  made->idempotency_key = "k" + std::to_string(sequence);
  made->payload_hash = {sequence, sequence};
  made->publication = std::move(publication);
  return made;
}

class StoreClient {
 public:
  /// `answered` is called on the store's thread before an answer counts as received.
  explicit StoreClient(Store& store, std::function<void()> answered = {})
      : answered_(std::move(answered)),
        port_(
            store.connect([this](std::vector<StoreAnswer> answers) { take(std::move(answers)); })) {
  }

  Result<relay::StoreOpened> open(const ChannelKeyPtr& key) {
    return ask<Result<relay::StoreOpened>>(relay::StoreOpen{next_id(), key});
  }
  relay::AppendResult append(const ChannelKeyPtr& key, StreamPosition top,
                             std::vector<LogRecordPtr> records) {
    return ask<relay::AppendResult>(relay::StoreAppend{next_id(), key, top, std::move(records)});
  }
  Result<relay::StoreReadResult> read(const ChannelKeyPtr& key, StreamPosition after,
                                      std::size_t max = 10'000) {
    return ask<Result<relay::StoreReadResult>>(relay::StoreRead{next_id(), key, after, max});
  }
  Result<relay::StoreRecordsResult> read_records(const ChannelKeyPtr& key,
                                                 const std::string& after = {},
                                                 std::size_t max = 10'000) {
    return ask<Result<relay::StoreRecordsResult>>(
        relay::StoreReadRecords{next_id(), key, after, max});
  }
  void send(StoreRequest request) { EXPECT_FALSE(port_->submit(std::move(request)).has_value()); }
  /// Several at once, so that they may meet in one transaction; the answers in order.
  std::vector<StoreAnswer> ask_all(std::vector<StoreRequest> requests) {
    const std::size_t count = requests.size();
    for (StoreRequest& request : requests) send(std::move(request));
    return wait(count);
  }
  EffectId next_id() { return EffectId{++last_id_}; }

 private:
  template <typename Outcome>
  Outcome ask(StoreRequest request) {
    send(std::move(request));
    auto answers = wait(1);
    EXPECT_EQ(answers.front().id, EffectId{last_id_});
    return std::get<Outcome>(std::move(answers.front().outcome));
  }
  void take(std::vector<StoreAnswer> answers) {
    if (answered_) answered_();
    const std::lock_guard<std::mutex> lock(mutex_);
    for (StoreAnswer& answer : answers) answers_.push_back(std::move(answer));
    changed_.notify_all();
  }
  std::vector<StoreAnswer> wait(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return answers_.size() >= count; });
    return std::exchange(answers_, {});
  }

  std::function<void()> answered_;
  std::uint64_t last_id_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<StoreAnswer> answers_;
  std::unique_ptr<StorePort> port_;
};

inline bool is_durable(const relay::AppendResult& result) {
  return std::holds_alternative<relay::AppendDurable>(result);
}

/// Options whose clock stands still at kNoon, unless `now` is moved.
inline SqliteOptions options_at(const std::string& path, const WallTime& now,
                                std::uint64_t entropy = 1) {
  SqliteOptions options;
  options.path = path;
  options.rules.remembered_age = std::chrono::minutes(10);
  options.rules.remembered_entries = 1000;
  options.entropy = entropy;
  options.wall_clock = [&now] { return now; };
  return options;
}

}  // namespace tidegate::store::test
