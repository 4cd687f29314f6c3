// Retries, duplicates on purpose, and the replaying publisher.
#include "tests/sim/http_publisher.h"

#include <algorithm>

namespace tidegate::sim {

using namespace std::chrono_literals;

relay::PublishRequest make_request(const PublisherParts& parts, const std::string& producer,
                                   const Intent& intent) {
  relay::PublishRequest request;
  request.tenant = parts.directory.tenant_name(intent.channel.tenant);
  request.producer = producer;
  request.channel = parts.directory.channel(intent.channel.channel).name;
  request.draft = draft_of(intent);
  return request;
}

// ---- publishing at random

HttpPublisher::HttpPublisher(const PublisherParts& parts, std::uint32_t index, std::uint32_t tenant)
    : parts_(parts),
      prng_(parts.context.prng("http publisher " + std::to_string(index))),
      tenant_(tenant),
      producer_("api-" + std::to_string(index)) {}

std::string HttpPublisher::next_key() { return producer_ + "-" + std::to_string(keys_++); }

void HttpPublisher::start(Instant until) { schedule(until); }

void HttpPublisher::schedule(Instant until) {
  const Duration every = parts_.context.options.workload.http_publish_every;
  parts_.context.queue.after(prng_.duration_up_to(2 * every), [this, until] {
    if (parts_.context.queue.now() >= until) return;
    const bool burst = prng_.one_in(parts_.context.options.workload.burst_one_in);
    for (int i = burst ? 20 : 1; i > 0; --i) publish_something();
    schedule(until);
  });
}

void HttpPublisher::publish_something() {
  const auto& workload = parts_.context.options.workload;
  const auto& writable = parts_.directory.writable();
  const std::uint32_t channel = writable[static_cast<std::size_t>(prng_.below(writable.size()))];
  if (!settled_.empty() && prng_.one_in(workload.duplicate_one_in)) {
    return attempt(settled_[prng_.below(settled_.size())], 0);
  }
  if (!settled_.empty() && prng_.one_in(workload.conflict_one_in)) {
    const Intent& earlier = parts_.oracle.intent(settled_[prng_.below(settled_.size())]);
    return attempt(parts_.intents.make(earlier.channel, earlier.key), 0);
  }
  if (prng_.one_in(workload.invalid_one_in)) {
    return attempt(parts_.intents.make_invalid({tenant_, channel}, next_key()), 0);
  }
  const bool has_records = parts_.directory.channel(channel).kind == SimChannelKind::State;
  if (has_records && prng_.one_in(workload.purge_one_in)) return purge(channel);
  publish(channel);
}

std::uint64_t HttpPublisher::publish(std::uint32_t channel) {
  const std::string key = prng_.one_in(6) ? "" : next_key();
  const std::uint64_t intent = parts_.intents.make({tenant_, channel}, key);
  attempt(intent, 0);
  return intent;
}

void HttpPublisher::fill(std::uint32_t channel) {
  for (std::uint32_t i = 0; i < parts_.context.options.workload.state_fill; ++i) {
    attempt(parts_.intents.make_set({tenant_, channel}, next_key(), RecordIntentMaker::key_name(i)),
            0);
  }
}

void HttpPublisher::purge(std::uint32_t channel) {
  const auto& workload = parts_.context.options.workload;
  for (std::uint32_t i = 0; i < workload.purge_size; ++i) {
    const std::string key = RecordIntentMaker::key_name(prng_.below(workload.state_keys));
    attempt(parts_.intents.make_delete({tenant_, channel}, next_key(), key), 0);
  }
}

void HttpPublisher::attempt(std::uint64_t id, std::uint32_t failures) {
  ++open_[id];
  parts_.context.note("http.publish", id);
  auto request = make_request(parts_, producer_, parts_.oracle.intent(id));
  parts_.relay.publish(std::move(request),
                       [this, id, failures, asked_at = parts_.context.queue.now()](auto answer) {
                         settle(id, failures, asked_at, std::move(answer));
                       });
}

void HttpPublisher::settle(std::uint64_t id, std::uint32_t failures, Instant asked_at,
                           std::optional<Result<relay::PublishReceipt>> answer) {
  if (--open_[id] == 0) open_.erase(id);
  const Intent& intent = parts_.oracle.intent(id);
  if (answer && answer->ok()) {
    const relay::PublishReceipt& receipt = answer->value();
    parts_.checker.acknowledged(id, receipt.outcome, receipt.position, asked_at);
    if (!intent.key.empty() && parts_.intents.may_repeat(id)) settled_.push_back(id);
    return;
  }
  if (answer && answer->error().current != nullptr) {
    const CurrentRecord& current = *answer->error().current;
    parts_.checker.conflicted(id, {current.version, current.is_binary, current.payload});
    return;
  }
  if (answer) parts_.checker.failed(id, answer->error());
  const bool for_now = !answer || is_temporary(answer->error().code);
  if (!for_now || intent.key.empty()) return;
  ++open_[id];
  const Duration wait =
      prng_.duration_up_to(std::min<Duration>(3s, 100ms * (1 << std::min(failures, 5U))));
  parts_.context.queue.after(wait, [this, id, failures] {
    if (--open_[id] == 0) open_.erase(id);
    attempt(id, failures + 1);
  });
}

// ---- replaying a log of one's own

ReplayPublisher::ReplayPublisher(const PublisherParts& parts, std::uint32_t index,
                                 ChannelRef channel)
    : parts_(parts),
      prng_(parts.context.prng("replay publisher " + std::to_string(index))),
      channel_(channel),
      producer_("replay-" + std::to_string(index)) {
  const std::uint32_t size = parts.context.options.workload.replay_log_size;
  for (std::uint32_t i = 0; i < size; ++i) {
    const std::string name = producer_ + "-" + std::to_string(i);
    // The event id alone makes some of them safe to repeat, the key the others.
    log_.push_back(parts.intents.make(channel, i % 3 == 0 ? "" : "key-" + name, "event-" + name));
  }
}

void ReplayPublisher::start() { step_after(prng_.duration_up_to(200ms)); }

void ReplayPublisher::step_after(Duration delay) {
  parts_.context.queue.after(delay, [this] {
    if (!stopped_) step();
  });
}

void ReplayPublisher::step() {
  const std::size_t at = std::min(next_, log_.size() - 1);
  auto request = make_request(parts_, producer_, parts_.oracle.intent(log_[at]));
  // The first of a stream tells its epoch; all others insist on it.
  if (epoch_) request.draft.if_epoch = *epoch_;
  parts_.relay.publish(std::move(request),
                       [this](auto answer) { handle_answer(std::move(answer)); });
}

void ReplayPublisher::handle_answer(std::optional<Result<relay::PublishReceipt>> answer) {
  const std::size_t at = std::min(next_, log_.size() - 1);
  if (!answer) return step_after(prng_.duration_up_to(500ms));
  if (answer->ok()) {
    parts_.checker.acknowledged(log_[at], answer->value().outcome, answer->value().position);
    if (!epoch_) epoch_ = answer->value().position.epoch;
    next_ = std::min(next_ + 1, log_.size());
    // When all is written it looks in now and then, whether the stream is still the same.
    return step_after(next_ == log_.size() ? 500ms : prng_.duration_up_to(100ms));
  }
  const Error& error = answer->error();
  parts_.checker.failed(log_[at], error);
  if (error.code == ErrorCode::EpochMismatch) {
    parts_.context.note("replay.again", channel_.channel);
    epoch_.reset();
    next_ = 0;
  } else if (!is_temporary(error.code)) {
    return parts_.context.fail("I1", "a replaying publisher was refused: " + error.message);
  }
  step_after(prng_.duration_up_to(300ms));
}

std::optional<std::string> ReplayPublisher::missing() const {
  const OracleStream* stream = parts_.oracle.find(channel_, parts_.oracle.current_epoch(channel_));
  if (stream == nullptr) return producer_ + " has no stream";
  if (stream->accepted.size() != log_.size()) {
    return producer_ + ": the stream holds " + std::to_string(stream->accepted.size()) + " of " +
           std::to_string(log_.size());
  }
  for (std::size_t i = 0; i < log_.size(); ++i) {
    if (stream->accepted[i].intent != log_[i]) return producer_ + ": the stream is out of order";
  }
  return std::nullopt;
}

}  // namespace tidegate::sim
