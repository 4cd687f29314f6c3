// Nothing stores signals, so the book is made of what publishers and readers are told.
#include "tests/sim/check/signal_checker.h"

#include "tests/sim/sim_directory.h"

namespace tidegate::sim {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

void SignalChecker::note(const StreamKey& stream, std::uint64_t offset, std::uint64_t intent,
                         const std::string& who) {
  Book& book = books_[stream];
  const auto [at, is_new] = book.intent_at.try_emplace(offset, intent);
  const auto [of, is_first] = book.offset_of.try_emplace(intent, offset);
  if (at->second != intent) {
    context_.fail("I1", who + ": two signals under one offset, " + number(offset));
  } else if (of->second != offset) {
    context_.fail("I1", who + ": one signal under two offsets, " + number(of->second) + " and " +
                            number(offset));
  }
}

SignalChecker::Reading* SignalChecker::reading_of(const SignalView& view) {
  auto& readings = readings_[{view.client, view.channel.channel}];
  return readings.empty() ? nullptr : &readings.back();
}

void SignalChecker::started(SignalView& view, const SubscriptionStarted& started) {
  view.live = false;
  if (!view.may_subscribe) context_.fail("I1", view.who + ": subscribed without the right to");
  if (started.kind != ChannelKind::Signal || started.outcome != SubscribeOutcome::Snapshot) {
    context_.fail("I1", view.who + ": a signal channel was answered as if it had history");
  }
  if (view.epoch == started.start.epoch.token() && started.start.offset.value < view.last) {
    context_.fail(
        "I1", view.who + ": begins anew before signal " + number(view.last) + ", which it has had");
  }
  view.epoch = started.start.epoch.token();
  view.last = view.position = started.start.offset.value;
  readings_[{view.client, view.channel.channel}].push_back(
      {view.who, {view.channel, *view.epoch}, false, view.position, view.position, {}, {}});
}

void SignalChecker::row(SignalView& view, const SeenRow& row,
                        const std::optional<StreamPosition>& position) {
  ++rows_seen_;
  Reading* reading = reading_of(view);
  if (!view.epoch || reading == nullptr) {
    return context_.fail("I1", view.who + ": a signal before the subscription was answered");
  }
  if (row.offset <= view.last) {
    return context_.fail(
        "I1", view.who + ": signal " + number(row.offset) + " behind " + number(view.last));
  }
  const auto intent = oracle_.intent_of(row.payload);
  if (!intent || oracle_.intent(*intent).channel != view.channel ||
      oracle_.intent(*intent).must_be_refused) {
    return context_.fail("I1", view.who + ": a signal that nobody published here");
  }
  if (!position || position->offset.value < row.offset) {
    context_.fail("I1", view.who + ": the position had not moved when a signal came");
  }
  check_stamp(view, row, *intent);
  view.last = row.offset;
  reading->delivered.insert(row.offset);
  note(reading->stream, row.offset, *intent, view.who);
}

/// It was stamped after it was made and before it came: so its age is what the stamp says.
void SignalChecker::check_stamp(const SignalView& view, const SeenRow& row, std::uint64_t intent) {
  if (context_.wall_has_jumped) return;
  const Now now = context_.now();
  const auto since_made =
      std::chrono::ceil<std::chrono::milliseconds>(now.monotonic - oracle_.intent(intent).made_at);
  if (row.time_ms > wall_ms(now.wall) || row.time_ms < wall_ms(now.wall - since_made)) {
    context_.fail("I1",
                  view.who + ": signal " + number(row.offset) + " has a time that is not its");
  }
}

void SignalChecker::ended(SignalView& view, const Error& error) {
  view.ended = true;
  if (view.may_subscribe || error.code != ErrorCode::Forbidden) {
    context_.fail("I1", view.who + ": a subscription ended without cause: " + error.message);
  }
}

void SignalChecker::drained(SignalView& view, const std::optional<StreamPosition>& position) {
  Reading* reading = reading_of(view);
  if (!view.epoch || view.ended || !position || reading == nullptr) return;
  if (position->offset.value < view.position || position->epoch.token() != *view.epoch) {
    return context_.fail("I1", view.who + ": the position moved back, or into another stream");
  }
  view.position = position->offset.value;
  reading->end = view.position;
  reading->passed.try_emplace(reading->end, context_.queue.now());
  reading->is_shed = reading->is_shed || blocked_.contains(view.client);
}

void SignalChecker::acknowledged(std::uint64_t intent, const StreamPosition& position) {
  note({oracle_.intent(intent).channel, position.epoch.token()}, position.offset.value, intent,
       "an acknowledgement");
}

std::optional<std::string> SignalChecker::missing(const SignalView& view) const {
  if (view.ended || view.live) return std::nullopt;
  return "is not live";
}

/// The relay's clock shows whole milliseconds, and may have been set meanwhile.
bool SignalChecker::may_have_been_too_old(const Reading& reading, std::uint64_t offset,
                                          std::uint64_t intent) const {
  const auto passed = reading.passed.lower_bound(offset);
  const Duration least = kSignalTtl - std::chrono::milliseconds(1);
  return context_.wall_has_jumped || passed->second - oracle_.intent(intent).made_at >= least;
}

void SignalChecker::check_shedding() {
  for (const auto& [where, readings] : readings_) {
    for (const Reading& reading : readings) {
      if (reading.is_shed) continue;
      const auto& signals = books_[reading.stream].intent_at;
      for (auto at = signals.upper_bound(reading.start);
           at != signals.end() && at->first <= reading.end; ++at) {
        if (!reading.delivered.contains(at->first) &&
            !may_have_been_too_old(reading, at->first, at->second)) {
          return context_.fail("I1", reading.who + ": signal " + number(at->first) +
                                         " was shed, though nothing stood in its way");
        }
      }
    }
  }
}

}  // namespace tidegate::sim
