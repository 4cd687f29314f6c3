// Compares what a page holds with the oracle's records.
#include "tests/sim/check/records_checker.h"

#include <algorithm>

namespace tidegate::sim {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string shown(std::string_view payload) {
  return std::string(payload.substr(0, 80)) + (payload.size() > 80 ? "…" : "");
}

}  // namespace

std::string stream_epoch_of(const std::string& token) { return token.substr(0, token.find('~')); }

void RecordsChecker::fail(const RecordsView& view, const std::string& what) {
  context_.fail("I2", view.who + ": " + what);
}

const RecordBook* RecordsChecker::book_of(const RecordsView& view) const {
  return view.epoch ? oracle_.find_records(view.channel, *view.epoch) : nullptr;
}

// ---- subscribe answers

void RecordsChecker::started(RecordsView& view, const SubscriptionStarted& started) {
  view.live = false;
  const std::string epoch = stream_epoch_of(started.start.epoch.token());
  if (!view.may_subscribe) return fail(view, "subscribed without the right to");
  if (started.kind != ChannelKind::State) return fail(view, "answered as another kind of channel");
  if (oracle_.find_records(view.channel, epoch) == nullptr) {
    return fail(view, "started in an epoch that never was: " + epoch);
  }
  if (started.outcome == SubscribeOutcome::Recovered) {
    if (view.epoch != epoch) fail(view, "recovered into another epoch");
    if (started.start.offset.value != view.position) {
      fail(view, "recovered from " + number(started.start.offset.value) + ", not from " +
                     number(view.position));
    }
    return;
  }
  check_reason(view, started);
  // What is held stays to be seen, but counts as older than anything where the stream is another.
  if (view.epoch != epoch || started.reason == SnapshotReason::PositionUnknown) {
    for (auto& [key, held] : view.rows) held.is_former = true;
    view.gone.clear();
    view.read_until = 0;
  }
  view.epoch = epoch;
  view.start = view.position = started.start.offset.value;
  view.is_whole = false;
  view.bogus_since = false;
}

void RecordsChecker::check_reason(const RecordsView& view, const SubscriptionStarted& started) {
  if (view.bogus_since) return;
  const bool same_epoch = view.epoch == stream_epoch_of(started.start.epoch.token());
  switch (started.reason) {
    case SnapshotReason::None:
      return fail(view, "a snapshot without a reason");
    case SnapshotReason::NoPosition:
      return;  // a repair, or the end of an interrupted sweep, asks without a position
    case SnapshotReason::EpochChanged:
      if (same_epoch) fail(view, "a snapshot because of another epoch, but it is the same");
      return;
    case SnapshotReason::AnotherView:
      return fail(view, "a position of a log in a channel of records");
    case SnapshotReason::PositionUnknown:
      return fail(view, "the relay calls a true position ahead of the stream");
    case SnapshotReason::HistoryExceeded:
      if (same_epoch && context_.options.store.keeps_deletes &&
          context_.options.workload.deletes_remembered == 0) {
        fail(view, "a snapshot although all changes are known");
      }
  }
}

void RecordsChecker::ended(RecordsView& view, const Error& error) {
  view.ended = true;
  if (view.may_subscribe) fail(view, "a subscription ended without cause: " + error.message);
  if (error.code != ErrorCode::Forbidden) {
    fail(view, "refused with the wrong code: " + std::string(error_code_name(error.code)));
  }
}

// ---- rows

void RecordsChecker::row(RecordsView& view, const SeenRecord& row,
                         const std::optional<StreamPosition>& position, bool in_pages) {
  ++rows_seen_;
  const RecordBook* book = book_of(view);
  if (book == nullptr) return fail(view, "a row before the subscription was answered");
  const RecordState* state = book->at(row.key, row.version);
  if (state == nullptr) {
    return fail(view, row.key + " was never changed at " + number(row.version));
  }
  check_content(view, row, *state);
  const auto held = view.rows.find(row.key);
  const auto gone = view.gone.find(row.key);
  std::uint64_t known = gone == view.gone.end() ? 0 : gone->second;
  if (held != view.rows.end() && !held->second.is_former) {
    known = std::max(known, held->second.version);
  }
  // Only a repair may bring a version again.
  if (row.version < known || (row.version == known && !view.is_tainted)) {
    return fail(view,
                row.key + " went from version " + number(known) + " to " + number(row.version));
  }
  if (!in_pages && position && position->offset.value < row.version) {
    return fail(view, "the position had not moved when version " + number(row.version) + " came");
  }
  view.touched.insert(row.key);
  if (row.is_delete) {
    view.rows.erase(row.key);
    view.gone[row.key] = row.version;
  } else {
    view.rows[row.key] = {row.version, false, row.binary, std::string(row.payload)};
  }
}

void RecordsChecker::check_content(const RecordsView& view, const SeenRecord& row,
                                   const RecordState& state) {
  const bool visible = is_visible(view.sight, &state);
  if (row.is_delete) {
    if (visible) fail(view, row.key + " was not deleted at " + number(row.version));
    return check_delete(view, row);
  }
  if (!visible) {
    return fail(view, row.key + " at " + number(row.version) +
                          " is not for this filter: " + shown(row.payload));
  }
  const ShownRecord due = shown_of(view.sight, state);
  if (!view.is_tainted && (row.binary != due.binary || row.payload != due.payload)) {
    fail(view, row.key + " never was " + shown(row.payload) + ", at " + number(row.version) +
                   " it was " + shown(due.payload));
  }
}

/// Who may not know of some records is not told either that one of them is gone.
void RecordsChecker::check_delete(const RecordsView& view, const SeenRecord& row) {
  if (!view.sight.is_outsider) return;
  const std::vector<RecordState>& states = *book_of(view)->history(row.key);
  const bool was_shown = std::any_of(states.begin(), states.end(), [&](const RecordState& state) {
    return state.version < row.version && is_visible(view.sight, &state);
  });
  if (!was_shown) context_.fail("I3", view.who + ": told of " + row.key + ", which it never saw");
}

void RecordsChecker::removed(RecordsView& view, const std::vector<std::string>& keys) {
  const RecordBook* book = book_of(view);
  if (book == nullptr) return fail(view, "a removal before the subscription was answered");
  swept_ += keys.size();
  for (const std::string& key : keys) {
    const auto held = view.rows.find(key);
    if (held == view.rows.end()) return fail(view, key + " was removed and was not there");
    view.touched.insert(key);
    if (!held->second.is_former) {
      const std::uint64_t version = held->second.version;
      const std::vector<RecordState>* states = book->history(key);
      const bool went = states != nullptr &&
                        std::any_of(states->begin(), states->end(), [&](const RecordState& state) {
                          return state.version > version && !is_visible(view.sight, &state);
                        });
      if (!went) fail(view, key + " was removed at version " + number(version) + " and is there");
      view.gone[key] = version;
    }
    view.rows.erase(held);
  }
}

// ---- quiet points

void RecordsChecker::drained(RecordsView& view, const std::optional<StreamPosition>& position,
                             const Pages& pages) {
  const RecordBook* book = book_of(view);
  if (book == nullptr || view.ended || view.bogus_since || !position) return;
  if (stream_epoch_of(position->epoch.token()) != *view.epoch) {
    return fail(view, "the position is in an epoch that was never announced");
  }
  const std::uint64_t offset = position->offset.value;
  if (offset < view.position) return fail(view, "the position moved back to " + number(offset));
  const bool moved = offset > view.position;
  view.position = offset;
  if (!view.is_whole && (moved || view.live)) {
    view.is_whole = true;
    view.compares_all = true;
  }
  // When exactly it was read is the relay's matter; at the latest now.
  if (pages.has_sweep) view.read_until = book->top();
  if (pages.in_pass || pages.has_sweep) view.compares_all = true;
  if (view.is_whole && !pages.in_pass && !view.is_tainted && (moved || view.compares_all)) {
    compare(view, *book);
  }
}

void RecordsChecker::compare(RecordsView& view, const RecordBook& book) {
  ++quiet_points_;
  std::set<std::string> keys = std::move(view.touched);
  view.touched.clear();
  if (view.compares_all) {
    for (const auto& [key, states] : book.all()) keys.insert(key);
    for (const auto& [key, held] : view.rows) keys.insert(key);
  } else {
    const std::vector<RecordBook::Change>& changes = book.changes();
    for (std::size_t i = book.first_change_after(view.quiet_at);
         i < changes.size() && changes[i].version <= view.position; ++i) {
      keys.insert(changes[i].key);
    }
  }
  view.compares_all = false;
  view.quiet_at = view.position;
  for (const std::string& key : keys) {
    const std::string differs = difference(view, book, key);
    if (!differs.empty()) {
      return fail(view, "at " + number(view.position) + " " + key + " " + differs);
    }
  }
}

/// A sweep that was read beyond the position may have found it deleted by then.
bool RecordsChecker::was_absent(const RecordsView& view, const RecordBook& book,
                                const std::string& key) {
  if (view.position >= view.read_until) return false;
  const std::vector<RecordState>& states = *book.history(key);
  return std::any_of(states.begin(), states.end(), [&](const RecordState& state) {
    return state.version > view.position && state.version <= view.read_until &&
           !is_visible(view.sight, &state);
  });
}

std::string RecordsChecker::difference(const RecordsView& view, const RecordBook& book,
                                       const std::string& key) {
  const RecordState* state = book.as_of(key, view.position);
  const bool visible = is_visible(view.sight, state);
  const auto held = view.rows.find(key);
  if (held == view.rows.end()) {
    if (!visible) return {};
    // A page may have told of a delete beyond the position.
    const auto gone = view.gone.find(key);
    if (gone != view.gone.end() && gone->second > view.position) return {};
    if (was_absent(view, book, key)) return {};
    return "is missing, it is of version " + number(state->version);
  }
  const RecordsView::Held& row = held->second;
  if (row.is_former) return "is left over from another epoch";
  if (row.version > view.position) return {};  // by a page that was read since; it is exact
  if (!visible) return "of version " + number(row.version) + " is there still";
  if (row.version != state->version) {
    return "is of version " + number(row.version) + ", not of " + number(state->version);
  }
  const ShownRecord due = shown_of(view.sight, *state);
  if (row.payload != due.payload || row.binary != due.binary) return "has other bytes";
  return {};
}

void RecordsChecker::digests_differ(const std::string& who) {
  context_.fail("I2", who + ": a digest differs although nothing was changed on its way");
}

std::optional<std::string> RecordsChecker::missing(const RecordsView& view) const {
  if (view.ended) return std::nullopt;
  if (!view.epoch) return "was never answered";
  const std::string& current = oracle_.current_epoch(view.channel);
  if (*view.epoch != current) return "is in epoch " + *view.epoch + ", not in " + current;
  const RecordBook* book = book_of(view);
  if (view.position < book->top()) {
    return "is at " + number(view.position) + ", not at " + number(book->top());
  }
  std::size_t visible = 0;
  for (const auto& [key, states] : book->all()) {
    if (is_visible(view.sight, &states.back())) ++visible;
    const std::string differs = difference(view, *book, key);
    if (!differs.empty()) return key + " " + differs;
  }
  if (visible != view.rows.size()) {
    return "holds " + number(view.rows.size()) + " records of " + number(visible);
  }
  if (!view.live) return "holds everything but is not live";
  return std::nullopt;
}

}  // namespace tidegate::sim
