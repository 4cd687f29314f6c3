// Compares answers to publishers with the oracle's book.
#include "tests/sim/check/publish_checker.h"

namespace tidegate::sim {
namespace {

/// Who is told so knows that nothing has happened.
bool rules_out(ErrorCode code) {
  switch (code) {
    case ErrorCode::Timeout:  // else it would be OutcomeUnknown
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
  if (!rules_out(error.code)) return;
  if (oracle_.accepted_at(channel, oracle_.current_epoch(channel), intent)) {
    context_.fail("I1", "publish " + std::to_string(intent) + " stands in the stream but was " +
                            "refused: " + error.message);
  }
}

void PublishChecker::made(std::uint64_t intent, const std::string& session) {
  authors_.try_emplace(intent, Authorship{session, authors_.size()});
}

void PublishChecker::check_order() {
  const auto& store = context_.options.store;
  const bool refusals = store.refused_one_in != 0 || store.silent_one_in != 0 ||
                        store.late_one_in != 0 || store.open_fails_one_in != 0 ||
                        store.read_fails_one_in != 0;
  if (refusals) return;
  oracle_.each_stream([this](const OracleStream& stream) { check_order_of(stream); });
}

void PublishChecker::check_order_of(const OracleStream& stream) {
  std::map<std::string, std::uint64_t> latest;
  for (const AcceptedEntry& entry : stream.accepted) {
    const auto author = authors_.find(entry.intent);
    if (author == authors_.end()) continue;
    const auto [seen, first] = latest.try_emplace(author->second.session, author->second.sequence);
    if (!first && author->second.sequence < seen->second) {
      return context_.fail("I1", author->second.session + ": publish " +
                                     std::to_string(entry.intent) + " stands at " +
                                     std::to_string(entry.offset) + ", behind a later one");
    }
    seen->second = author->second.sequence;
  }
}

void PublishChecker::check_all() {
  for (const auto& [which, offset] : acknowledged_at_) check(which.first, which.second, offset);
}

}  // namespace tidegate::sim
