// Compares what reaches the application with the oracle's book, row by row.
#include "tests/sim/check/delivery_checker.h"

namespace tidegate::sim {
namespace {

// With payloads this large, history may be exceeded by bytes; the check by count then says nothing.
constexpr std::size_t kPayloadCheckedMax = 1000;

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

void DeliveryChecker::fail(const ChannelView& view, const std::string& what) {
  context_.fail("I1", view.who + ": " + what);
}

std::uint64_t DeliveryChecker::snapshots(SnapshotReason reason) const {
  const auto found = snapshots_.find(reason);
  return found == snapshots_.end() ? 0 : found->second;
}

const OracleStream* DeliveryChecker::stream_of(const ChannelView& view) const {
  return view.epoch ? oracle_.find(view.channel, *view.epoch) : nullptr;
}

// ---- subscribe answers

void DeliveryChecker::started(ChannelView& view, const SubscriptionStarted& started) {
  view.live = false;
  if (!view.may_subscribe) fail(view, "subscribed without the right to");
  if (started.outcome == SubscribeOutcome::Recovered) {
    ++recovered_;
    started_recovered(view, started);
  } else {
    ++snapshots_[started.reason];
    started_snapshot(view, started);
  }
}

void DeliveryChecker::started_recovered(ChannelView& view, const SubscriptionStarted& started) {
  if (!view.epoch) return fail(view, "recovered although nothing was held");
  if (*view.epoch != started.start.epoch.token()) {
    return fail(view, "recovered into another epoch: holds " + *view.epoch + ", got " +
                          started.start.epoch.token());
  }
  if (view.bogus_since) {
    return fail(view, "recovered from a position that never was");
  }
  const OracleStream* stream = stream_of(view);
  if (stream == nullptr) return fail(view, "recovered into an epoch that never was");
  if (stream->first_after(started.start.offset.value) != view.next) {
    fail(view, "recovered from " + number(started.start.offset.value) + " but holds up to " +
                   number(view.held.empty() ? view.start : view.held.back().offset));
  }
}

void DeliveryChecker::started_snapshot(ChannelView& view, const SubscriptionStarted& started) {
  const OracleStream* stream = oracle_.find(view.channel, started.start.epoch.token());
  if (stream == nullptr) return fail(view, "a snapshot of an epoch that never was");
  check_reason(view, started, *stream);
  view.epoch = started.start.epoch.token();
  view.start = started.start.offset.value;
  view.position = view.start;
  view.next = stream->first_after(view.start);
  view.held.clear();
  view.bogus_since = false;
  if (started.reason == SnapshotReason::NoPosition) check_history(view, *stream);
}

/// A snapshot costs the application what it holds, so its reason must be true.
void DeliveryChecker::check_reason(const ChannelView& view, const SubscriptionStarted& started,
                                   const OracleStream& stream) {
  if (view.bogus_since) return;
  const bool same_epoch = view.epoch && *view.epoch == stream.epoch;
  switch (started.reason) {
    case SnapshotReason::None:
      return fail(view, "a snapshot without a reason");
    case SnapshotReason::NoPosition:
      if (view.epoch) fail(view, "a snapshot for want of a position, yet there was one");
      return;
    case SnapshotReason::EpochChanged:
      if (same_epoch) fail(view, "a snapshot because of another epoch, but it is the same");
      return;
    case SnapshotReason::AnotherView:
      return fail(view, "a position of this view was taken for one of another");
    case SnapshotReason::PositionUnknown:
      return fail(view, "the relay calls a true position ahead of the stream");
    case SnapshotReason::HistoryExceeded: {
      const std::size_t missed = stream.accepted.size() - view.next;
      if (!same_epoch) return fail(view, "history exceeded in an epoch that was not held");
      if (context_.options.workload.payload_bytes_max > kPayloadCheckedMax) return;
      if (missed <= directory_.history_count(view.channel.channel)) {
        fail(view, "history was not exceeded: " + number(missed) + " missed");
      }
    }
  }
}

void DeliveryChecker::check_history(const ChannelView& view, const OracleStream& stream) {
  if (context_.options.workload.payload_bytes_max > kPayloadCheckedMax) return;
  const std::size_t kept =
      std::min(stream.accepted.size(), directory_.history_count(view.channel.channel));
  const std::size_t due = std::min<std::size_t>(kept, view.history);
  const std::size_t follows = stream.accepted.size() - view.next;
  if (follows < due) {
    fail(view, "asked for the latest " + number(view.history) + ", got " + number(follows) +
                   " of " + number(due));
  }
}

void DeliveryChecker::ended(ChannelView& view, const Error& error) {
  view.ended = true;
  if (view.may_subscribe) fail(view, "a subscription ended without cause: " + error.message);
  if (error.code != ErrorCode::Forbidden) {
    fail(view, "refused with the wrong code: " + std::string(error_code_name(error.code)));
  }
}

// ---- rows

void DeliveryChecker::row(ChannelView& view, const SeenRow& row,
                          const std::optional<StreamPosition>& position) {
  ++rows_seen_;
  const OracleStream* stream = stream_of(view);
  if (stream == nullptr) return fail(view, "a row before the subscription was answered");
  if (view.next >= stream->accepted.size()) {
    return fail(view, "row " + number(row.offset) + " was never accepted, or comes twice");
  }
  const AcceptedEntry& expected = stream->accepted[view.next];
  if (row.offset != expected.offset) {
    const char* kind = row.offset > expected.offset ? "gap: " : "duplicate or disorder: ";
    return fail(view, kind + number(row.offset) + " instead of " + number(expected.offset));
  }
  const Intent& intent = oracle_.intent(expected.intent);
  if (row.payload != intent.payload || row.binary != intent.binary || row.event != intent.event) {
    return fail(view, "row " + number(row.offset) + " is not what was published");
  }
  if (!intent.event_id.empty() && row.event_id != intent.event_id) {
    return fail(view, "row " + number(row.offset) + " has another event id");
  }
  if (!position || position->epoch.token() != *view.epoch || position->offset.value < row.offset) {
    return fail(view, "the position had not moved when row " + number(row.offset) + " came");
  }
  view.held.push_back(expected);
  ++view.next;
}

void DeliveryChecker::drained(ChannelView& view, const std::optional<StreamPosition>& position) {
  const OracleStream* stream = stream_of(view);
  if (stream == nullptr || view.ended || view.bogus_since || !position) return;
  if (position->epoch.token() != *view.epoch) {
    return fail(view, "the position is in an epoch that was never announced");
  }
  const std::uint64_t offset = position->offset.value;
  if (offset < view.position) return fail(view, "the position moved back to " + number(offset));
  if (view.next < stream->accepted.size() && stream->accepted[view.next].offset <= offset) {
    return fail(view, "gap: the position " + number(offset) + " has passed " +
                          number(stream->accepted[view.next].offset) + ", which never came");
  }
  view.position = offset;
}

std::optional<std::string> DeliveryChecker::missing(const ChannelView& view) const {
  if (view.ended) return std::nullopt;
  if (!view.epoch) return "was never answered";
  const std::string& current = oracle_.current_epoch(view.channel);
  if (*view.epoch != current) return "is in epoch " + *view.epoch + ", not in " + current;
  const OracleStream* stream = stream_of(view);
  if (stream == nullptr) return "is in an epoch that never was";
  if (view.next < stream->accepted.size()) {
    return "lacks " + number(stream->accepted.size() - view.next) + " of " +
           number(stream->accepted.size()) + " from " + number(stream->accepted[view.next].offset);
  }
  if (!view.live) return "holds everything but is not live";
  return std::nullopt;
}

}  // namespace tidegate::sim
