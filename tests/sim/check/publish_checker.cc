// Compares answers to publishers with the oracle's book.
#include "tests/sim/check/publish_checker.h"

namespace tidegate::sim {
namespace {

bool is_final_refusal(ErrorCode code) {
  switch (code) {
    case ErrorCode::BadRequest:
    case ErrorCode::InvalidChannel:
    case ErrorCode::Forbidden:
    case ErrorCode::UnknownNamespace:
    case ErrorCode::InvalidPayload:
    case ErrorCode::PayloadTooLarge:
    case ErrorCode::EpochMismatch:
    case ErrorCode::IdempotencyConflict:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::uint64_t PublishChecker::failures(ErrorCode code) const {
  const auto found = failures_.find(code);
  return found == failures_.end() ? 0 : found->second;
}

void PublishChecker::acknowledged(std::uint64_t intent, PublishOutcome outcome,
                                  const StreamPosition& position) {
  ++acknowledgements_;
  const std::string& epoch = position.epoch.token();
  if (oracle_.intent(intent).must_be_refused) {
    return context_.fail("I1", "an invalid publish was acknowledged");
  }
  if (outcome == PublishOutcome::Applied && !applied_.insert({intent, epoch}).second) {
    return context_.fail("I1", "publish " + std::to_string(intent) + " was applied twice");
  }
  acknowledged_at_[{intent, epoch}] = position.offset.value;
  check(intent, epoch, position.offset.value);
}

void PublishChecker::check(std::uint64_t intent, const std::string& epoch, std::uint64_t offset) {
  const auto stands_at = oracle_.accepted_at(oracle_.intent(intent).channel, epoch, intent);
  if (!stands_at) {
    context_.fail("I1", "publish " + std::to_string(intent) + " was acknowledged at " +
                            std::to_string(offset) + " of " + epoch + " but does not stand there");
  } else if (*stands_at != offset) {
    context_.fail("I1", "publish " + std::to_string(intent) + " was acknowledged at " +
                            std::to_string(offset) + " but stands at " +
                            std::to_string(*stands_at));
  }
}

void PublishChecker::failed(std::uint64_t intent, const Error& error) {
  ++failures_[error.code];
  const ChannelRef channel = oracle_.intent(intent).channel;
  if (error.code == ErrorCode::Internal) {
    context_.fail("I1", "a publish failed with an internal error: " + error.message);
  }
  if (!is_final_refusal(error.code)) return;
  if (oracle_.accepted_at(channel, oracle_.current_epoch(channel), intent)) {
    context_.fail("I1", "publish " + std::to_string(intent) + " stands in the stream but was " +
                            "refused: " + error.message);
  }
}

void PublishChecker::check_all() {
  for (const auto& [which, offset] : acknowledged_at_) check(which.first, which.second, offset);
}

}  // namespace tidegate::sim
