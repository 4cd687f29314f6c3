// One channel that the application wants, across all connections of the session: who wants it,
// where it stands with the relay, and how far it has been read. Which frames follow from that is
// decided by SubscriptionRegistry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "core/client/client_options.h"
#include "core/client/event.h"
#include "core/client/record_reader.h"
#include "core/stream/stream_cursor.h"

namespace tidegate {

/// Not asked for on this connection.
struct SubscriptionIdle {};
/// Asked for, not answered. `former` is a stream of this channel that the relay may still hold.
struct SubscriptionRequested {
  RequestId request = RequestId::None;
  StreamId former = StreamId::None;
  Instant deadline;
};
/// Blocks of `stream` are this channel's.
struct SubscriptionBound {
  StreamId stream = StreamId::None;
};
/// To be asked for again at an instant: refused for now, or repaired too recently.
struct SubscriptionDelayed {
  Instant until;
  StreamId former = StreamId::None;
};

using SubscriptionState =
    std::variant<SubscriptionIdle, SubscriptionRequested, SubscriptionBound, SubscriptionDelayed>;

struct Subscription {
  Subscription(SubscriptionId subscription_id, const ChannelName& channel_name,
               const SubscribeOptions& subscribe_options);

  bool is_wanted() const { return references > 0; }
  /// The stream whose blocks are this channel's; None unless bound.
  StreamId bound_stream() const;
  /// The stream that the relay may send on, bound here or not.
  StreamId held_stream() const;
  bool awaits(RequestId request) const;
  /// What it waits for next: an answer, a retry, the end of lingering.
  std::optional<Instant> deadline() const;
  /// A new subscriber may share this one without missing anything it asked for. Somebody who comes
  /// while it lingers finds nobody who has kept what was delivered before.
  bool serves(const SubscribeOptions& asked) const;
  /// Where to resume. A position whose records are not all held is worth nothing.
  std::optional<StreamPosition> resumes_from() const;

  const SubscriptionId id;
  const ChannelName channel;
  const std::string filter;
  const std::uint32_t history;
  std::uint32_t min_interval_ms;  // the least that was asked for
  std::uint32_t references = 1;
  std::optional<Instant> lingers_until;  // set while nobody wants it
  SubscriptionState state;
  StreamCursor cursor;
  std::unique_ptr<RecordReader> records;  // of a state channel, once it is known to be one
  std::optional<Instant> requested_at;    // the latest request, for spacing repairs
  std::uint32_t refusals = 0;             // temporary ones in a row
  std::uint32_t open_gaps = 0;            // detected and not answered yet
};

}  // namespace tidegate
