#include "core/client/record_store.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/check.h"
#include "core/merge/record_digest.h"
#include "core/merge/shallow_merge.h"

namespace tidegate {
namespace {

/// Above every key: no UTF-8 has this byte.
constexpr std::string_view kBeyondAll = "\xFF";

std::string_view end_of(std::string_view until) { return until.empty() ? kBeyondAll : until; }

}  // namespace

RecordStore::~RecordStore() {
  clear();
  forget_deletes(Offset{UINT64_MAX});
}

// ---- getters

RecordView RecordStore::view_of(const Map::value_type& entry) {
  const auto& [key, record] = entry;
  return RecordView{key, record.version, record.kind, as_bytes(record.payload)};
}

std::optional<RecordView> RecordStore::find(std::string_view key) const {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? std::nullopt : std::optional(view_of(*at));
}

std::optional<RecordView> RecordStore::next_after(std::string_view key) const {
  const auto at = by_key_.upper_bound(key);
  return at == by_key_.end() ? std::nullopt : std::optional(view_of(*at));
}

bool RecordStore::is_news(std::string_view key, Offset version) const {
  const auto held = by_key_.find(key);
  const bool is_held = held != by_key_.end();
  if (is_held ? held->second.version >= version : read_at(key) >= version) {
    return false;
  }
  const auto deleted = deletes_.empty() ? deletes_.end() : deletes_.find(key);
  return deleted == deletes_.end() || deleted->second < version;
}

std::uint64_t RecordStore::digest() {
  for (Map::value_type* entry : std::exchange(changed_, {})) {
    Record& record = entry->second;
    record.changed = kClean;
    const std::uint64_t now = record_digest(entry->first, record.kind, as_bytes(record.payload));
    sum_ += now - record.digest;
    record.digest = now;
  }
  return sum_;
}

// ---- commands

void RecordStore::set(std::string_view key, Offset version, PayloadKind kind, ByteView payload) {
  put(key, version, kind, std::string(as_text(payload)));
}

bool RecordStore::merge(std::string_view key, Offset version, std::string_view payload) {
  const auto held = by_key_.find(key);
  const bool exists = held != by_key_.end() && held->second.version > Offset{};
  if (exists && (held->second.kind == PayloadKind::Binary || !is_mergeable(held->second.payload))) {
    return false;
  }
  if (!check_merge(payload).ok()) {
    return false;
  }
  put(key, version, PayloadKind::Json,
      shallow_merge(exists ? std::string_view(held->second.payload) : std::string_view(), payload));
  return true;
}

void RecordStore::put(std::string_view key, Offset version, PayloadKind kind, std::string payload) {
  auto at = by_key_.lower_bound(key);
  if (at == by_key_.end() || at->first != key) {
    at = by_key_.emplace_hint(at, std::string(key), Record{});
    ++use_.entries;
    use_.bytes += key.size();
  }
  Record& record = at->second;
  use_.bytes += payload.size();
  use_.bytes -= record.payload.size();
  record.version = version;
  record.kind = kind;
  record.payload = std::move(payload);
  mark_changed(*at);
  take(version);
}

void RecordStore::erase(std::string_view key, Offset version) {
  if (const auto at = by_key_.find(key); at != by_key_.end()) {
    remove(at);
  }
  take(version);
}

void RecordStore::remember_delete(std::string_view key, Offset version) {
  const auto [at, is_new] = deletes_.try_emplace(std::string(key), version);
  at->second = std::max(at->second, version);
  use_.entries += is_new ? 1 : 0;
  use_.bytes += is_new ? key.size() : 0;
}

void RecordStore::forget_deletes(Offset up_to) {
  for (auto at = deletes_.begin(); at != deletes_.end();) {
    if (at->second > up_to) {
      ++at;
      continue;
    }
    --use_.entries;
    use_.bytes -= at->first.size();
    at = deletes_.erase(at);
  }
  const bool is_past = std::all_of(readings_.begin(), readings_.end(),
                                   [&](const auto& reading) { return reading.second <= up_to; });
  if (is_past) {
    readings_.clear();
  }
}

std::vector<std::string> RecordStore::sweep(KeyRange range, Offset read_at,
                                            const std::vector<std::string_view>& kept) {
  TIDEGATE_CHECK(range.after < end_of(range.until));  // or the block would have been malformed
  std::vector<std::string> removed = remove_but(range, read_at, kept);
  note_reading(range, read_at);
  take(read_at);
  return removed;
}

std::vector<std::string> RecordStore::remove_but(KeyRange range, Offset up_to,
                                                 const std::vector<std::string_view>& kept) {
  std::vector<std::string> removed;
  auto next_kept = kept.begin();
  auto at = by_key_.upper_bound(range.after);
  while (at != by_key_.end() && at->first <= end_of(range.until)) {
    next_kept =
        std::find_if(next_kept, kept.end(), [&](std::string_view key) { return key >= at->first; });
    const bool is_kept = next_kept != kept.end() && *next_kept == at->first;
    if (is_kept || at->second.version > up_to) {
      ++at;
    } else {
      removed.push_back(at->first);
      at = remove(at);
    }
  }
  return removed;
}

/// A relay that lags behind the one that was read before takes nothing back: each part of the range
/// that was read later stays so.
void RecordStore::note_reading(KeyRange range, Offset read_at) {
  if (!range.after.empty()) {
    split_reading(range.after);
  }
  split_reading(end_of(range.until));
  for (auto at = readings_.upper_bound(range.after);
       at != readings_.end() && at->first <= end_of(range.until);) {
    at->second = std::max(at->second, read_at);
    at = join_with_previous(at);
  }
}

/// Ends a reading at `key`, so that what is said of keys up to there can change by itself.
void RecordStore::split_reading(std::string_view key) {
  const auto around = readings_.lower_bound(key);
  const Offset reading = around == readings_.end() ? Offset{} : around->second;
  readings_.try_emplace(std::string(key), reading);
}

/// Neighbours that were read at the same offset are one reading. Returns what follows.
RecordStore::Readings::iterator RecordStore::join_with_previous(Readings::iterator at) {
  if (at != readings_.begin() && std::prev(at)->second == at->second) {
    readings_.erase(std::prev(at));
  }
  return std::next(at);
}

/// When the absence of a key was read; zero: it was not, or the position has passed that.
Offset RecordStore::read_at(std::string_view key) const {
  const auto reading = readings_.empty() ? readings_.end() : readings_.lower_bound(key);
  return reading == readings_.end() ? Offset{} : reading->second;
}

void RecordStore::forget_versions() {
  for (auto& [key, record] : by_key_) {
    record.version = Offset{};
  }
  forget_deletes(Offset{UINT64_MAX});
  newest_ = Offset{};
}

std::vector<std::string> RecordStore::clear() { return remove_but({}, Offset{UINT64_MAX}, {}); }

// ---- the sum

void RecordStore::mark_changed(Map::value_type& entry) {
  if (entry.second.changed == kClean) {
    entry.second.changed = static_cast<std::uint32_t>(changed_.size());
    changed_.push_back(&entry);
  }
}

/// The last of the list takes its place.
void RecordStore::mark_clean(Record& record) {
  if (record.changed == kClean) {
    return;
  }
  changed_.back()->second.changed = record.changed;
  changed_[record.changed] = changed_.back();
  changed_.pop_back();
  record.changed = kClean;
}

RecordStore::Map::iterator RecordStore::remove(Map::iterator at) {
  Record& record = at->second;
  mark_clean(record);
  sum_ -= record.digest;
  --use_.entries;
  use_.bytes -= at->first.size() + record.payload.size();
  return by_key_.erase(at);
}

}  // namespace tidegate
