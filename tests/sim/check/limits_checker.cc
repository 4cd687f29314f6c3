// Numbers against named limits.
#include "tests/sim/check/limits_checker.h"

#include "core/base/limits.h"

namespace tidegate::sim {
namespace {

// Nobody may need this many turns for one thing; a loop shows here instead of hanging the run.
constexpr std::uint64_t kSpinsMax = 1000;
constexpr std::uint64_t kEffectsInTurnMax = 200'000;

}  // namespace

void LimitsChecker::mailbox_waits(std::uint16_t from, std::uint16_t to, const MailboxLoad& load,
                                  std::size_t connections, std::size_t http_publishes) {
  // For each channel a standing pull, a question, a close, their answers, and one older generation
  // of them; besides, each connection's window of publishes, everything that came over HTTP, and
  // what an owner tells the directory of its channel, twice when it is set anew, and the answers.
  const std::size_t channels = directory_.channel_count() * directory_.tenant_count();
  const std::size_t mirror_max = 8 * channels;
  const std::size_t publish_max =
      connections * limits::publishes_in_flight_per_connection_kill + http_publishes + 4 * channels;
  const std::string which = "the mailbox " + std::to_string(from) + "→" + std::to_string(to);
  if (load.mirror_messages > mirror_max) {
    context_.fail("I5", which + " holds " + std::to_string(load.mirror_messages) +
                            " messages of mirrors, over " + std::to_string(mirror_max));
  }
  if (load.publishes > publish_max) {
    context_.fail("I5", which + " holds " + std::to_string(load.publishes) + " publishes, over " +
                            std::to_string(publish_max));
  }
}

void LimitsChecker::mirror_batch(const relay::MirrorBatch& batch) {
  if (batch.entries.size() > limits::mirror_batch_entries_max) {
    context_.fail("I5", "a mirror batch of " + std::to_string(batch.entries.size()) + " entries");
  }
  if (!batch.range.valid() || batch.top < batch.range.offset) {
    context_.fail("I5", "a mirror batch whose range or top runs backwards");
  }
}

void LimitsChecker::transmit(bool known, bool blocked, std::size_t bytes) {
  if (!known) context_.fail("I5", "transmit to a connection that is closed or was never opened");
  if (blocked) context_.fail("I5", "transmit to a blocked connection");
  if (bytes > limits::relay_message_bytes_max) {
    context_.fail("I5", "a message of " + std::to_string(bytes) + " bytes to a client");
  }
}

void LimitsChecker::append_begins(std::uint64_t process, const relay::StoreAppend& append) {
  for (const auto& [id, open] : appends_) {
    const bool given_up = open.since + limits::append_timeout <= context_.queue.now();
    if (id.first == process && open.key == *append.key && !given_up) {
      context_.fail("I5", "a second append while one is outstanding: " + append.key->channel.str());
    }
  }
  if (append.records.empty() || append.records.size() > limits::append_batch_entries_max) {
    context_.fail("I5", "an append of " + std::to_string(append.records.size()) + " records");
  }
  appends_[{process, append.id}] = {*append.key, context_.queue.now()};
}

void LimitsChecker::append_ends(std::uint64_t process, relay::EffectId id) {
  appends_.erase({process, id});
}

void LimitsChecker::client_message(std::size_t bytes) {
  if (bytes > limits::client_message_bytes_max) {
    context_.fail("I5", "a message of " + std::to_string(bytes) + " bytes to the relay");
  }
}

void LimitsChecker::outbox(std::size_t size, std::size_t limit) {
  if (size > limit) context_.fail("I5", "an outbox of " + std::to_string(size) + " commands");
}

void LimitsChecker::footprint(const relay::ShardFootprint& held) {
  const auto within = [this](const char* what, std::size_t size, std::size_t limit) {
    if (size > limit) {
      context_.fail("I5", std::string(what) + ": " + std::to_string(size) + ", at most " +
                              std::to_string(limit));
    }
  };
  const relay::RelayConfig& config = *directory_.config();
  // One answer may pass the mark at which its connection is ended.
  within("bytes of answers", held.control_bytes,
         limits::control_queue_bytes_kill + limits::relay_message_bytes_max);
  within("publishes that wait", held.publishes_queued,
         limits::append_queue_entries_max + directory_.channel_count());
  // What comes in one batch is cut when it has been read.
  within("publications beyond history", held.excess_publications,
         limits::mirror_lag_entries_max + limits::mirror_batch_entries_max);
  within("bytes beyond history", held.excess_bytes,
         limits::mirror_lag_bytes_max + limits::relay_message_bytes_max);
  within("deletes that are remembered", held.deletes, directory_.deletes_max());
  within("keys that are remembered", held.idempotency_keys, config.idempotency_window_entries);
}

void LimitsChecker::timer_spins(const char* whose, std::uint64_t spins) {
  if (spins > kSpinsMax) {
    context_.fail("I7", std::string(whose) + ": a timer that is due again at once, for ever");
  }
}

void LimitsChecker::effects_in_turn(const char* whose, std::uint64_t count) {
  if (count > kEffectsInTurnMax) {
    context_.fail("I7", std::string(whose) + ": a turn that never ends");
  }
}

}  // namespace tidegate::sim
