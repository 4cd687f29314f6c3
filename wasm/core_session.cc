// Conversions only: doubles to Now, strings to names, results to ids. See core_session.h.
#include "wasm/core_session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/protocol/wire_format.h"

namespace tidegate::wasm {
namespace {

/// Larger than this, the inbound buffer is given back after use: WebAssembly memory never shrinks,
/// but it is used again.
constexpr std::size_t kInboundKeptBytes = 64 * 1024;

/// Later than any clock says, and far from where adding a lifetime to it would overflow.
constexpr double kTimeMsMax = 4e15;

/// No operation has a number beyond it, and the SDK writes none: cut, so that it is one of them.
constexpr auto kOperationLast = static_cast<std::uint32_t>(Operation::Delete);

/// Within 0 … `most`, and 0 for NaN: a number that does not fit may not be cast to an integer.
double clamped(double value, double most) { return value > 0 ? std::min(value, most) : 0; }

Duration duration_from(double ms, double most_ms) {
  return Duration{static_cast<std::int64_t>(clamped(ms, most_ms) * 1000.0)};
}

Now now_from(double monotonic_ms, double wall_ms) {
  return Now{Instant{duration_from(monotonic_ms, kTimeMsMax)},
             wall_from_ms(static_cast<std::int64_t>(clamped(wall_ms, kTimeMsMax)))};
}

bool is_given(double value) { return value >= 0; }  // false for NaN, too

void set_duration(Duration& duration, double ms) {
  constexpr auto kMost = std::chrono::duration<double, std::milli>(limits::client_duration_max);
  if (is_given(ms)) {
    duration = duration_from(ms, kMost.count());
  }
}

ClientOptions options_from(const std::string& client, const std::string& session_id,
                           std::uint64_t seed, bool fetch_token, const SessionTuning& tuning) {
  ClientOptions options;
  options.client = client;
  options.session_id = session_id;
  options.seed = seed;
  options.fetch_token = fetch_token;
  set_duration(options.connect_timeout, tuning.connect_timeout_ms);
  set_duration(options.publish_timeout, tuning.publish_timeout_ms);
  set_duration(options.backoff_base, tuning.backoff_base_ms);
  set_duration(options.backoff_cap, tuning.backoff_cap_ms);
  set_duration(options.unsubscribe_linger, tuning.unsubscribe_linger_ms);
  set_duration(options.batch_delay, tuning.batch_delay_ms);
  if (is_given(tuning.reconnect_attempts_max)) {
    constexpr double kMost = std::numeric_limits<std::uint32_t>::max();
    options.reconnect_attempts_max =
        static_cast<std::uint32_t>(clamped(tuning.reconnect_attempts_max, kMost));
  }
  return options;
}

Status set_since(SubscribeOptions& options, const std::string& epoch, std::uint64_t offset) {
  if (epoch.empty()) {
    return ok_status();
  }
  auto parsed = Epoch::parse(epoch);
  if (!parsed) {
    return parsed.error();
  }
  options.since = StreamPosition{std::move(*parsed), Offset{offset}};
  return ok_status();
}

Status set_conditions(PublicationDraft& draft, const PublishConditions& given) {
  if ((given.conditions & wire::kIfEpoch) != 0) {
    auto epoch = Epoch::parse(given.if_epoch);
    if (!epoch) {
      return epoch.error();
    }
    draft.if_epoch = std::move(*epoch);
  }
  if ((given.conditions & wire::kIfVersion) != 0) {
    draft.if_version = Offset{given.if_version};
  }
  if ((given.conditions & wire::kSourceVersion) != 0) {
    draft.source_version = SourceVersion{given.source_epoch, given.source_number};
  }
  return ok_status();
}

}  // namespace

CoreSession::CoreSession(const std::string& client, const std::string& session_id,
                         std::uint32_t seed_low, std::uint32_t seed_high, bool fetch_token,
                         const SessionTuning& tuning)
    : session_(options_from(client, session_id, join(seed_low, seed_high), fetch_token, tuning)) {}

template <typename Call>
void CoreSession::run(double monotonic_ms, double wall_ms, Call&& call) {
  output_.clear();
  const Now now = now_from(monotonic_ms, wall_ms);
  call(now);
  output_.poll(session_, now);
}

template <typename Id>
std::uint32_t CoreSession::answer(const Result<Id>& result) {
  if (!result) {
    output_.refuse(result.error());
    return 0;
  }
  return static_cast<std::uint32_t>(*result);
}

ByteView CoreSession::reserved(std::uint32_t bytes) const {
  return ByteView(inbound_).first(std::min<std::size_t>(bytes, inbound_.size()));
}

std::uint32_t CoreSession::reserve_max() {
  return static_cast<std::uint32_t>(limits::relay_message_bytes_max + 1);
}

std::uint8_t* CoreSession::reserve(std::uint32_t bytes) {
  const std::size_t wanted = std::min(bytes, reserve_max());
  if (wanted <= kInboundKeptBytes && inbound_.size() > kInboundKeptBytes) {
    Bytes().swap(inbound_);
  }
  if (inbound_.size() < wanted) {
    inbound_.resize(wanted);
  }
  return inbound_.data();
}

void CoreSession::feed(double monotonic_ms, double wall_ms, std::uint32_t connection,
                       std::uint32_t bytes) {
  run(monotonic_ms, wall_ms,
      [&](Now now) { session_.handle_message(now, ConnectionId{connection}, reserved(bytes)); });
}

void CoreSession::timeout(double monotonic_ms, double wall_ms) {
  run(monotonic_ms, wall_ms, [&](Now now) { session_.handle_timeout(now); });
}

bool CoreSession::admit(std::uint32_t listener, std::uint32_t bytes) {
  return session_.admit(ListenerId{listener}, as_text(reserved(bytes)));
}

void CoreSession::handle_open(double monotonic_ms, double wall_ms, std::uint32_t connection) {
  run(monotonic_ms, wall_ms, [&](Now now) { session_.handle_open(now, ConnectionId{connection}); });
}

void CoreSession::handle_close(double monotonic_ms, double wall_ms, std::uint32_t connection,
                               std::uint32_t code, const std::string& reason) {
  run(monotonic_ms, wall_ms, [&](Now now) {
    session_.handle_close(now, ConnectionId{connection}, static_cast<std::uint16_t>(code), reason);
  });
}

void CoreSession::handle_token(double monotonic_ms, double wall_ms, std::uint32_t fetch,
                               const std::string& token) {
  run(monotonic_ms, wall_ms, [&](Now now) { session_.handle_token(now, fetch, token); });
}

void CoreSession::handle_token_failure(double monotonic_ms, double wall_ms, std::uint32_t fetch,
                                       const std::string& message, bool permanent) {
  run(monotonic_ms, wall_ms,
      [&](Now now) { session_.handle_token_failure(now, fetch, message, permanent); });
}

void CoreSession::handle_network(double monotonic_ms, double wall_ms, bool online) {
  run(monotonic_ms, wall_ms, [&](Now now) { session_.handle_network(now, online); });
}

void CoreSession::handle_resume(double monotonic_ms, double wall_ms) {
  run(monotonic_ms, wall_ms, [&](Now now) { session_.handle_resume(now); });
}

void CoreSession::connect(double monotonic_ms, double wall_ms) {
  run(monotonic_ms, wall_ms, [&](Now now) { session_.connect(now); });
}

void CoreSession::disconnect(double monotonic_ms, double wall_ms) {
  run(monotonic_ms, wall_ms, [&](Now now) { session_.disconnect(now); });
}

void CoreSession::set_token(double monotonic_ms, double wall_ms, const std::string& token) {
  run(monotonic_ms, wall_ms, [&](Now now) { session_.set_token(now, token); });
}

std::uint32_t CoreSession::subscribe(double monotonic_ms, double wall_ms,
                                     const std::string& channel, std::uint32_t history,
                                     const std::string& epoch, std::uint32_t offset_low,
                                     std::uint32_t offset_high, std::uint32_t min_interval_ms,
                                     const std::string& filter) {
  std::uint32_t id = 0;
  run(monotonic_ms, wall_ms, [&](Now now) {
    const auto name = ChannelName::parse(channel);
    SubscribeOptions options;
    options.history = history;
    options.min_interval_ms = min_interval_ms;
    options.filter = filter;
    const auto since = set_since(options, epoch, join(offset_low, offset_high));
    id = !name    ? answer(Result<SubscriptionId>(name.error()))
         : !since ? answer(Result<SubscriptionId>(since.error()))
                  : answer(session_.subscribe(now, *name, options));
  });
  return id;
}

void CoreSession::unsubscribe(double monotonic_ms, double wall_ms, std::uint32_t subscription) {
  run(monotonic_ms, wall_ms, [&](Now now) {
    if (const auto done = session_.unsubscribe(now, SubscriptionId{subscription}); !done) {
      output_.refuse(done.error());
    }
  });
}

std::uint32_t CoreSession::publish(double monotonic_ms, double wall_ms, const std::string& channel,
                                   std::uint32_t operation, const std::string& key,
                                   const std::string& event, const std::string& event_id,
                                   const std::string& idempotency_key, const std::string& tags,
                                   const PublishConditions& conditions, bool binary,
                                   std::uint32_t payload_bytes) {
  std::uint32_t id = 0;
  run(monotonic_ms, wall_ms, [&](Now now) {
    const auto name = ChannelName::parse(channel);
    PublicationDraft draft;
    const auto conditional = set_conditions(draft, conditions);
    if (!name || !conditional) {
      id = answer(Result<RequestId>(!name ? name.error() : conditional.error()));
      return;
    }
    draft.operation = static_cast<Operation>(std::min(operation, kOperationLast));
    draft.payload_kind = binary ? PayloadKind::Binary : PayloadKind::Json;
    draft.key = key;
    draft.event = event;
    draft.event_id = event_id;
    draft.idempotency_key = idempotency_key;
    draft.tags = tags;
    const ByteView payload = reserved(payload_bytes);
    draft.payload.assign(payload.begin(), payload.end());
    id = answer(session_.publish(now, *name, std::move(draft)));
  });
  return id;
}

std::uint32_t CoreSession::add_listener() {
  output_.clear();
  return answer(session_.add_listener());
}

void CoreSession::remove_listener(std::uint32_t listener) {
  output_.clear();
  session_.remove_listener(ListenerId{listener});
}

void CoreSession::position(std::uint32_t subscription) {
  output_.clear();
  output_.position(session_, SubscriptionId{subscription});
}

void CoreSession::stats() {
  output_.clear();
  output_.stats(session_);
}

}  // namespace tidegate::wasm
