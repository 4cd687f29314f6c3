#include "edge/net/shard_driver.h"

#include <utility>

namespace tidegate::net {

ShardDriver::ShardDriver(const relay::ShardOptions& options,
                         std::unique_ptr<store::StorePort> store, ShardWorld& world)
    : world_(world), shard_(options), store_(std::move(store)) {}

void ShardDriver::publish(std::vector<relay::PublishRequest> requests,
                          WorkerAccess::PublishDone done) {
  if (requests.empty()) {
    done({});
    return;
  }
  const std::uint64_t id = batches_.open(requests.size(), std::move(done));
  std::uint32_t index = 0;
  for (relay::PublishRequest& request : requests) {
    request.ticket = relay::PublishTicket{id, index++};
    shard_.handle_publish(world_.now(), std::move(request));
  }
  settle();
}

void ShardDriver::read(relay::ReadRequest request, WorkerAccess::ReadDone done) {
  request.ticket = relay::ReadTicket{++last_read_};
  reads_.emplace(last_read_, std::move(done));
  shard_.handle_read(world_.now(), std::move(request));
  settle();
}

void ShardDriver::settle() {
  if (settling_) {
    return;
  }
  settling_ = true;
  carry_out_effects();
  while (!answers_.empty()) {
    const Answer answer = std::move(answers_.front());
    answers_.pop_front();
    answer(world_.now());
    carry_out_effects();
  }
  settling_ = false;
  world_.settled(shard_.poll_timeout());
}

void ShardDriver::carry_out_effects() {
  while (auto effect = shard_.poll_effect(world_.now())) {
    std::visit([this](auto& one) { carry_out(one); }, *effect);
  }
  while (const auto line = shard_.poll_log()) {
    world_.log(*line);
  }
}

void ShardDriver::carry_out(relay::Transmit& effect) { world_.transmit(effect); }

void ShardDriver::carry_out(relay::Close& effect) { world_.close_connection(effect); }

void ShardDriver::carry_out(relay::PauseReading& effect) { world_.pause_reading(effect); }

void ShardDriver::carry_out(relay::VerifyToken& effect) {
  answers_.push_back([this, id = effect.id, token = std::move(effect.token)](Now now) {
    shard_.handle_token_result(now, id, world_.verify_token(token, now.wall));
  });
}

void ShardDriver::ask_store(store::StoreRequest request) {
  auto answer = store_->submit(std::move(request));
  if (answer.has_value()) {
    answers_.push_back(
        [this, known = std::move(*answer)](Now) mutable { handle_store_answer(known); });
  }
}

void ShardDriver::handle_store_answer(store::StoreAnswer& answer) {
  const Now now = world_.now();
  if (auto* opened = std::get_if<Result<relay::StoreOpened>>(&answer.outcome)) {
    shard_.handle_store_opened(now, answer.id, std::move(*opened));
  } else if (auto* append = std::get_if<relay::AppendResult>(&answer.outcome)) {
    shard_.handle_append_result(now, answer.id, std::move(*append));
  } else if (auto* read = std::get_if<Result<relay::StoreReadResult>>(&answer.outcome)) {
    shard_.handle_read_result(now, answer.id, std::move(*read));
  } else if (auto* records = std::get_if<Result<relay::StoreRecordsResult>>(&answer.outcome)) {
    shard_.handle_records_result(now, answer.id, std::move(*records));
  }
}

void ShardDriver::carry_out(relay::ShardSend& effect) { world_.send_to_shard(std::move(effect)); }

void ShardDriver::carry_out(relay::PublishAnswer& effect) {
  auto completed = batches_.settle(effect.ticket, std::move(effect.result));
  if (completed.has_value()) {
    answers_.push_back([batch = std::move(*completed)](Now) { batch.done(batch.results); });
  }
}

void ShardDriver::carry_out(relay::ReadAnswer& effect) {
  const auto found = reads_.find(static_cast<std::uint64_t>(effect.ticket));
  TIDEGATE_CHECK(found != reads_.end());
  answers_.push_back([done = std::move(found->second),
                      result = std::move(effect.result)](Now) mutable { done(std::move(result)); });
  reads_.erase(found);
}

}  // namespace tidegate::net
