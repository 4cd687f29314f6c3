// What the application is told, and what it makes of it: one view for each subscription, each with
// the checker of its kind.
#include <cstring>

#include "tests/sim/check/wire_peek.h"
#include "tests/sim/sim_client.h"

namespace tidegate::sim {
namespace {

template <typename Number>
Number read_number(ByteView source, std::size_t at) {
  Number value{};
  if (at + sizeof value <= source.size()) std::memcpy(&value, source.data() + at, sizeof value);
  return value;
}

constexpr std::uint8_t kOperationDelete = 3;

/// A row as docs/PROTOCOL.md lays it out.
struct WireRow {
  std::uint64_t offset = 0;
  std::uint64_t time_ms = 0;
  bool is_delete = false;
  bool binary = false;
  std::string_view key;
  std::string_view event_id;
  std::string_view payload;
};

/// False when the entry points outside of its message.
bool read_wire_row(ByteView source, const RowEntry& entry, WireRow& row) {
  row.offset = read_number<std::uint64_t>(source, entry.row_at);
  row.time_ms = read_number<std::uint64_t>(source, entry.row_at + 8);
  const auto payload_len = read_number<std::uint32_t>(source, entry.row_at + 16);
  const auto string_ref = read_number<std::uint32_t>(source, entry.row_at + 20);
  const auto key_len = read_number<std::uint16_t>(source, entry.row_at + 24);
  const auto event_id_len = read_number<std::uint16_t>(source, entry.row_at + 26);
  row.is_delete = read_number<std::uint8_t>(source, entry.row_at + 30) == kOperationDelete;
  row.binary = (read_number<std::uint8_t>(source, entry.row_at + 31) & 1) != 0;
  const std::string_view text = as_text(source);
  const std::size_t strings_at = std::size_t{entry.heap_at} + string_ref;
  if (entry.payload_at > text.size() || strings_at + key_len > text.size()) return false;
  row.payload = text.substr(entry.payload_at, payload_len);
  row.key = text.substr(strings_at, key_len);
  row.event_id = text.substr(strings_at + key_len, event_id_len);
  return true;
}

}  // namespace

SimClient::View* SimClient::view_of(SubscriptionId id) {
  const auto found = views_.find(id);
  return found == views_.end() ? nullptr : &found->second;
}

// ---- the frames, as far as a checker needs them

void SimClient::look_into(ByteView message) {
  peek_frames(message, [this](const PeekedFrame& frame) {
    PeekedSubscribed subscribed;
    if (frame.type == kPeekSubscribed && peek_subscribed(frame.body, subscribed)) {
      const auto channel = parts_.directory.find_channel(subscribed.channel);
      streams_[subscribed.stream] = {channel.value_or(0), false};
    }
    std::uint32_t over = 0;
    if (frame.type == kPeekUnsubscribed && peek_unsubscribed(frame.body, over)) {
      streams_.erase(over);
    }
    PeekedBlock block;
    if (frame.type != kPeekBlock || !peek_block(frame.body, block)) return;
    pages_at_hand_ = pages_at_hand_ || (frame.flags & kPeekRecords) != 0;
    sweeps_at_hand_ = sweeps_at_hand_ || (frame.flags & kPeekSweep) != 0;
    const auto bound = streams_.find(block.stream);
    if (bound != streams_.end()) bound->second.in_pass = (frame.flags & kPeekMore) != 0;
  });
}

bool SimClient::in_pass(std::uint32_t channel) const {
  for (const auto& [number, stream] : streams_) {
    if (stream.channel == channel && stream.in_pass) return true;
  }
  return false;
}

// ---- events

void SimClient::handle(const Event& event) {
  if (const auto* rows = std::get_if<RowsDelivered>(&event)) return handle_rows(*rows);
  if (const auto* removed = std::get_if<RecordsRemoved>(&event)) return handle_removed(*removed);
  if (const auto* named = std::get_if<EventNamed>(&event)) {
    event_names_[named->event] = named->name;
  } else if (const auto* started = std::get_if<SubscriptionStarted>(&event)) {
    handle_started(*started);
  } else if (const auto* live = std::get_if<SubscriptionLive>(&event)) {
    handle_live(*live);
  } else if (const auto* ended = std::get_if<SubscriptionEnded>(&event)) {
    handle_ended(*ended);
  } else if (const auto* gap = std::get_if<GapDetected>(&event)) {
    context_.note("app.gap", index_, static_cast<std::uint64_t>(gap->subscription));
  } else if (const auto* state = std::get_if<StateChanged>(&event)) {
    context_.note("app.state", index_, static_cast<std::uint64_t>(state->state), state->code);
    if (context_.trace.verbose()) context_.trace.say(context_.queue.now(), state->message);
    if (state->state == ClientState::Live) live_since_ = context_.queue.now();
    if (state->state == ClientState::Failed) {
      context_.fail("I7", name() + " gave up: " + state->message);
    }
  } else {
    handle_answer(event);
  }
}

void SimClient::handle_answer(const Event& event) {
  const auto take = [this](RequestId request) -> std::optional<std::uint64_t> {
    const auto found = publishing_.find(request);
    if (found == publishing_.end()) {
      context_.fail("I1", name() + ": an answer to nothing");
      return std::nullopt;
    }
    const std::uint64_t intent = found->second;
    publishing_.erase(found);
    return intent;
  };
  if (const auto* ack = std::get_if<PublishAcknowledged>(&event)) {
    const auto intent = take(ack->request);
    if (intent) parts_.publishes.acknowledged(*intent, ack->outcome, ack->position);
  } else if (const auto* failed = std::get_if<PublishFailed>(&event)) {
    const auto intent = take(failed->request);
    if (intent) parts_.publishes.failed(*intent, failed->error);
    const ErrorCode code = failed->error.code;
    const bool is_given_up = code == ErrorCode::OutcomeUnknown || code == ErrorCode::Timeout;
    if (is_given_up && connected()) parts_.liveness.publish_given_up(name(), live_since_);
  } else if (const auto* conflict = std::get_if<PublishConflicted>(&event)) {
    const auto intent = take(conflict->request);
    if (!intent) return;
    if (rights_.is_outsider) context_.fail("I3", name() + ", an outsider, was told a whole record");
    parts_.publishes.conflicted(
        *intent, {conflict->version.value, conflict->payload_kind == PayloadKind::Binary,
                  as_text(conflict->payload)});
  }
}

void SimClient::handle_started(const SubscriptionStarted& started) {
  context_.note("app.started", index_, static_cast<std::uint64_t>(started.reason),
                started.start.offset.value);
  View* view = view_of(started.subscription);
  if (view == nullptr) return;
  if (auto* log = std::get_if<ChannelView>(view)) parts_.delivery.started(*log, started);
  if (auto* records = std::get_if<RecordsView>(view)) parts_.records.started(*records, started);
  if (auto* signals = std::get_if<SignalView>(view)) parts_.signals.started(*signals, started);
}

void SimClient::handle_live(const SubscriptionLive& live) {
  View* view = view_of(live.subscription);
  if (view != nullptr) std::visit([](auto& one) { one.live = true; }, *view);
}

void SimClient::handle_ended(const SubscriptionEnded& ended) {
  for (auto& [wish, mount] : mounts_) {
    if (mount.id == ended.subscription) mount.references = 0;
  }
  View* view = view_of(ended.subscription);
  if (view == nullptr) return;
  if (auto* log = std::get_if<ChannelView>(view)) parts_.delivery.ended(*log, ended.error);
  if (auto* records = std::get_if<RecordsView>(view)) parts_.records.ended(*records, ended.error);
  if (auto* signals = std::get_if<SignalView>(view)) parts_.signals.ended(*signals, ended.error);
}

void SimClient::handle_removed(const RecordsRemoved& removed) {
  View* view = view_of(removed.subscription);
  auto* records = view == nullptr ? nullptr : std::get_if<RecordsView>(view);
  if (records == nullptr) {
    return context_.fail("I2", name() + ": records removed where there are none");
  }
  context_.note("app.removed", index_, removed.keys.size());
  parts_.records.removed(*records, removed.keys);
}

void SimClient::handle_rows(const RowsDelivered& rows) {
  View* view = view_of(rows.subscription);
  if (view == nullptr) return context_.fail("I1", name() + ": rows of an unknown subscription");
  const ByteView source = session_->source_bytes(rows.source);
  const auto table = session_->row_table();
  if (rows.first_row + rows.row_count > table.size()) {
    return context_.fail("I1", name() + ": rows beyond the row table");
  }
  for (std::uint32_t i = 0; i < rows.row_count && !context_.failed(); ++i) {
    read_row(*view, rows.subscription, source, table[rows.first_row + i]);
  }
  const std::uint64_t one_in = context_.options.workload.command_in_callback_one_in;
  if (on_row_ && context_.strikes(prng_, one_in)) on_row_();
}

void SimClient::read_row(View& view, SubscriptionId id, ByteView source, const RowEntry& entry) {
  WireRow wire;
  if (!read_wire_row(source, entry, wire)) {
    return context_.fail("I1", name() + ": a row table entry points outside its message");
  }
  context_.note("app.row", index_, static_cast<std::uint64_t>(id), wire.offset);
  const auto position = session_->position(id);
  if (auto* records = std::get_if<RecordsView>(&view)) {
    records->is_tainted = parts_.faults.has_corrupted(index_, records->channel.channel);
    return parts_.records.row(
        *records, {std::string(wire.key), wire.offset, wire.is_delete, wire.binary, wire.payload},
        position, pages_at_hand_);
  }
  SeenRow row{wire.offset, wire.payload, wire.binary, "", wire.event_id};
  row.time_ms = static_cast<std::int64_t>(wire.time_ms);
  if (entry.event != kNoEventName) row.event = event_names_[entry.event];
  if (auto* log = std::get_if<ChannelView>(&view)) parts_.delivery.row(*log, row, position);
  if (auto* signals = std::get_if<SignalView>(&view)) parts_.signals.row(*signals, row, position);
}

// ---- when everything has been told

void SimClient::check_drained() {
  for (const auto& [wish, mount] : mounts_) {
    View* view = view_of(mount.id);
    if (view == nullptr) continue;
    const auto position = session_->position(mount.id);
    if (auto* log = std::get_if<ChannelView>(view)) parts_.delivery.drained(*log, position);
    if (auto* signals = std::get_if<SignalView>(view)) parts_.signals.drained(*signals, position);
    if (auto* records = std::get_if<RecordsView>(view)) {
      parts_.records.drained(*records, position, {in_pass(wish.channel), sweeps_at_hand_});
    }
  }
  check_digests();
}

void SimClient::check_digests() {
  if (session_->stats().digest_mismatches == 0) return;
  for (const auto& [wish, mount] : mounts_) {
    if (parts_.faults.has_corrupted(index_, wish.channel)) return;
  }
  parts_.records.digests_differ(name());
}

std::optional<std::string> SimClient::missing(const Mount& mount, const View& view) const {
  if (const auto* log = std::get_if<ChannelView>(&view)) return parts_.delivery.missing(*log);
  if (const auto* signals = std::get_if<SignalView>(&view)) return parts_.signals.missing(*signals);
  const auto& records = std::get<RecordsView>(view);
  const auto lacks = parts_.records.missing(records);
  return lacks || records.ended ? lacks : session_lacks(mount.id, records);
}

/// The session holds what the page shows.
std::optional<std::string> SimClient::session_lacks(SubscriptionId id,
                                                    const RecordsView& view) const {
  if (session_->record_count(id) != view.rows.size()) {
    return "shows " + std::to_string(view.rows.size()) + " records, its session holds " +
           std::to_string(session_->record_count(id));
  }
  for (const auto& [key, held] : view.rows) {
    const auto record = session_->record(id, key);
    if (!record || record->version.value != held.version ||
        as_text(record->payload) != held.payload) {
      return "shows another record under " + key + " than its session holds";
    }
  }
  return std::nullopt;
}

}  // namespace tidegate::sim
