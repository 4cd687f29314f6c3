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
    case ErrorCode::LimitExceeded:
    case ErrorCode::VersionMismatch:
    case ErrorCode::Unsupported:
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
                                  const StreamPosition& position, std::optional<Instant> asked_at) {
  ++acknowledgements_;
  const std::string& epoch = position.epoch.token();
  if (oracle_.intent(intent).must_be_refused) {
    return context_.fail("I1", "an invalid publish was acknowledged");
  }
  const Answer answer{intent, epoch, position.offset.value};
  if (outcome == PublishOutcome::Applied && !applied_.insert(answer).second) {
    return context_.fail("I1", "publish " + std::to_string(intent) + " was applied twice");
  }
  repetitions_.answered(intent, outcome, position,
                        asked_at.value_or(oracle_.intent(intent).made_at));
  if (directory_.channel(oracle_.intent(intent).channel.channel).kind == SimChannelKind::Signal) {
    return signals_.acknowledged(intent, position);
  }
  if (outcome == PublishOutcome::Stale) {
    ++stale_;
    return check_refused(intent, "stale");
  }
  acknowledged_.insert(answer);
  check(intent, epoch, position.offset.value);
  if (outcome == PublishOutcome::Applied) check_condition(intent, epoch, position.offset.value);
}

/// Judged by what publishers were told alone: the oracle may be as wrong as the relay.
void PublishChecker::check_condition(std::uint64_t id, const std::string& epoch,
                                     std::uint64_t offset) {
  const Intent& intent = oracle_.intent(id);
  const auto version = intent.record.if_version;
  if (!version || *version == 0) return;  // created, deleted and created again: no harm
  const Condition condition{intent.channel, epoch, intent.record.key, *version};
  const auto [first, is_first] = accepted_on_.try_emplace(condition, offset);
  if (!is_first && first->second != offset) {
    context_.fail("I2", "version " + std::to_string(*version) + " of " + intent.record.key +
                            " was replaced twice, at " + std::to_string(first->second) + " and " +
                            std::to_string(offset));
  }
}

void PublishChecker::conflicted(std::uint64_t id, const ToldRecord& told) {
  ++conflicts_;
  const Intent& intent = oracle_.intent(id);
  check_refused(id, "in conflict");
  if (!intent.record.if_version || *intent.record.if_version == told.version) {
    return context_.fail("I2", "publish " + std::to_string(id) + " conflicts with nothing");
  }
  if (told.version == 0) return;
  bool was_so = false;
  oracle_.each_book(intent.channel, [&](const RecordBook& book) {
    const RecordState* state = book.at(intent.record.key, told.version);
    was_so = was_so || (state != nullptr && state->exists && state->binary == told.binary &&
                        state->payload == told.payload);
  });
  if (!was_so) {
    context_.fail("I2", "publish " + std::to_string(id) + " was told a record that never was");
  }
}

void PublishChecker::check_refused(std::uint64_t intent, const std::string& why) {
  const ChannelRef channel = oracle_.intent(intent).channel;
  if (oracle_.accepted_at(channel, oracle_.current_epoch(channel), intent)) {
    context_.fail("I1", "publish " + std::to_string(intent) + " stands in the stream but was " +
                            "refused: " + why);
  }
}

void PublishChecker::check(std::uint64_t intent, const std::string& epoch, std::uint64_t offset) {
  const ChannelRef channel = oracle_.intent(intent).channel;
  if (oracle_.was_accepted_at(channel, epoch, intent, offset)) return;
  const auto stands_at = oracle_.accepted_at(channel, epoch, intent);
  if (!stands_at) {
    context_.fail("I4", "publish " + std::to_string(intent) + " was acknowledged at " +
                            std::to_string(offset) + " of " + epoch + " but does not stand there");
  } else {
    context_.fail("I4", "publish " + std::to_string(intent) + " was acknowledged at " +
                            std::to_string(offset) + " but stands at " +
                            std::to_string(*stands_at));
  }
}

void PublishChecker::failed(std::uint64_t intent, const Error& error) {
  ++failures_[error.code];
  if (error.code == ErrorCode::Internal) {
    context_.fail("I1", "a publish failed with an internal error: " + error.message);
  }
  if (!rules_out(error.code)) return;
  check_refused(intent, error.message);
}

void PublishChecker::made(std::uint64_t intent, const std::string& session) {
  authors_.try_emplace(intent, Authorship{session, authors_.size()});
}

void PublishChecker::check_order() {
  const auto& store = context_.options.store;
  const bool refusals = store.refused_one_in != 0 || store.silent_one_in != 0 ||
                        store.late_one_in != 0 || store.open_fails_one_in != 0 ||
                        store.read_fails_one_in != 0 || context_.options.workload.records_max != 0;
  if (refusals) return;
  oracle_.each_stream([this](const OracleStream& stream) { check_order_of(stream); });
}

void PublishChecker::check_order_of(const OracleStream& stream) {
  std::map<std::string, std::uint64_t> latest;
  std::set<std::uint64_t> seen_before;
  for (const AcceptedEntry& entry : stream.accepted) {
    const auto author = authors_.find(entry.intent);
    if (author == authors_.end() || oracle_.intent(entry.intent).depends_on_its_turn()) continue;
    // Beyond the window a repetition is a publication of its own, which stands where it comes.
    if (!seen_before.insert(entry.intent).second) continue;
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
  for (const auto& [intent, epoch, offset] : acknowledged_) check(intent, epoch, offset);
}

}  // namespace tidegate::sim
