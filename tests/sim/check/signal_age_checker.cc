// Stamps of rows against the relay's clock.
#include "tests/sim/check/signal_age_checker.h"

#include <algorithm>

#include "tests/sim/check/wire_peek.h"
#include "tests/sim/sim_directory.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

/// The relay's clock shows whole milliseconds: a stamp and the time of sending are off by one.
constexpr Duration kClockSlack = 2ms;

}  // namespace

void SignalAgeChecker::relay_wrote(LinkId link, ByteView message) {
  peek_frames(message, [&](const PeekedFrame& frame) {
    PeekedSubscribed subscribed;
    if (frame.type == kPeekSubscribed && peek_subscribed(frame.body, subscribed) &&
        subscribed.kind == kPeekKindSignal) {
      streams_[link][subscribed.stream] = subscribed.epoch;
    }
    PeekedBlock block;
    if (frame.type != kPeekBlock || !peek_block(frame.body, block)) return;
    const auto of_link = streams_.find(link);
    if (of_link == streams_.end()) return;
    const auto stream = of_link->second.find(block.stream);
    if (stream != of_link->second.end()) check_block(written_[stream->second], frame.body);
  });
}

/// What is too old goes by a timer, which may come late by what the options say.
bool SignalAgeChecker::is_young(std::int64_t time_ms, Duration slack) const {
  const std::chrono::milliseconds age(wall_ms(context_.now().wall) - time_ms);
  return age <= kSignalTtl + kClockSlack + context_.options.relay.timer_late_max + slack;
}

void SignalAgeChecker::check_block(Stamps& stamps, std::span<const std::uint8_t> body) {
  if (context_.wall_has_jumped) return;
  PeekedRow row;
  for (std::uint32_t index = 0; peek_row(body, index, row); ++index) {
    const auto time_ms = static_cast<std::int64_t>(row.time_ms);
    const auto at = stamps.emplace(row.offset, time_ms).first;
    if (is_young(time_ms, Duration{0})) continue;
    const bool stands_behind = std::any_of(
        stamps.begin(), at, [&](const auto& before) { return is_young(before.second, 0us); });
    if (stands_behind && is_young(time_ms, context_.options.relay.mailbox_delay_max)) continue;
    return context_.fail("I1", "signal " + std::to_string(row.offset) + " was sent when it was " +
                                   std::to_string(wall_ms(context_.now().wall) - time_ms) +
                                   " ms old");
  }
}

}  // namespace tidegate::sim
