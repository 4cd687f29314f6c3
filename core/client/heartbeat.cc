#include "core/client/heartbeat.h"

#include "core/base/limits.h"

namespace tidegate {

void Heartbeat::start(Now now, Duration interval, Duration timeout) {
  silence_max_ = interval > Duration::zero() ? interval + timeout : Duration::zero();
  sign_every_ = interval / 2;
  said_ = now.monotonic;
  ping_.reset();
  nonce_at_start_ = last_nonce_;
  state_ = Listening{now.monotonic};
}

void Heartbeat::handle_bytes(Now now) {
  if (!std::holds_alternative<Stopped>(state_)) {
    state_ = Listening{now.monotonic};
  }
}

bool Heartbeat::owes_sign(Now now) const {
  return !std::holds_alternative<Stopped>(state_) && sign_every_ > Duration::zero() &&
         now.monotonic - said_ >= sign_every_;
}

Heartbeat::Verdict Heartbeat::handle_deadline(Now now) const {
  const std::optional<Instant> due = deadline();
  if (!due || now.monotonic < *due) {
    return Verdict::Alive;
  }
  const bool late = now.monotonic - *due > limits::timer_lateness_max;
  return late && std::holds_alternative<Listening>(state_) ? Verdict::Probe : Verdict::Lost;
}

std::optional<std::uint32_t> Heartbeat::start_probe(Now now) {
  if (!std::holds_alternative<Listening>(state_)) {
    return std::nullopt;
  }
  state_ = Probing{now.monotonic + limits::probe_timeout};
  return start_measurement(now);
}

std::uint32_t Heartbeat::start_measurement(Now now) {
  ping_ = Ping{++last_nonce_, now.monotonic};
  return last_nonce_;
}

std::optional<Duration> Heartbeat::handle_pong(Now now, std::uint32_t nonce) {
  if (!ping_ || ping_->nonce != nonce) {
    return std::nullopt;
  }
  const Duration round_trip = now.monotonic - ping_->sent;
  ping_.reset();
  return round_trip;
}

std::optional<Instant> Heartbeat::deadline() const {
  if (const auto* probing = std::get_if<Probing>(&state_)) {
    return probing->until;
  }
  const auto* listening = std::get_if<Listening>(&state_);
  if (listening == nullptr || silence_max_ == Duration::zero()) {
    return std::nullopt;
  }
  return listening->heard + silence_max_;
}

}  // namespace tidegate
