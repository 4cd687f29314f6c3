#include "edge/store/sqlite/committer.h"

#include <chrono>
#include <utility>

namespace tidegate::store {

using relay::AppendDurable;
using relay::AppendRefused;
using relay::AppendResult;
using relay::AppendUnknown;
using relay::StoreAppend;
using relay::StoreOpen;
using relay::StoreRead;
using relay::StoreReadRecords;
using relay::StoreRelease;
using relay::StoreTrim;

WaitingRequest::WaitingRequest(StoreRequest asked) : request(std::move(asked)) {
  if (auto* append = std::get_if<StoreAppend>(&request)) {
    rows = rows_of(append->records);
    append->records = {};
  }
}

std::size_t WaitingRequest::bytes() const {
  std::size_t bytes = 0;
  for (const LogRow& row : rows) bytes += row.records.size();
  return bytes;
}

// ---- the transaction

std::optional<Committer::Failure> Committer::begin() {
  changes_before_ = sqlite3_total_changes(database_.handle());
  if (database_.execute("BEGIN IMMEDIATE")) return std::nullopt;
  return Failure{database_.error("cannot be written"), true};
}

/// Before COMMIT nothing is on the disk that would count as committed. When COMMIT itself fails,
/// for want of room the log's last frame was not written; anything else may have come after it, and
/// a crash before the frame is overwritten may bring it back.
std::optional<Committer::Failure> Committer::commit() {
  if (streams_.broken().has_value() || !streams_.flush()) return Failure{*streams_.broken(), true};
  // Of this transaction alone: what was rolled back before it counts in the total, too.
  const int changes = sqlite3_total_changes(database_.handle()) - changes_before_;
  const auto begun = std::chrono::steady_clock::now();
  if (!database_.execute("COMMIT")) {
    const bool full = (database_.failure() & 0xFF) == SQLITE_FULL;
    return Failure{database_.error("cannot be written"), full};
  }
  if (changes != 0) {
    const auto took = std::chrono::steady_clock::now() - begun;
    counters_.commit_us += static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    ++counters_.commits;
    trouble_.reset();
  }
  streams_.committed();
  return std::nullopt;
}

void Committer::roll_back(const Failure& failure) {
  trouble_ = failure.error;
  if (database_.in_transaction()) database_.execute("ROLLBACK");
  streams_.rolled_back();
}

// ---- requests

Committer::Answers Committer::carry_out(std::span<const WaitingRequest> requests, WallTime now) {
  Answers answers;
  answers.reserve(requests.size());
  std::optional<Failure> failure = begin();
  for (const WaitingRequest& waiting : requests) {
    if (failure.has_value() || streams_.broken().has_value()) break;
    answers.push_back(carry_out(waiting, now, true));
  }
  if (!failure.has_value()) failure = commit();
  if (failure.has_value()) {
    roll_back(*failure);
    answers.clear();
    for (const WaitingRequest& waiting : requests) {
      answers.push_back(carry_out_rolled_back(waiting, now, *failure));
    }
    streams_.committed();  // what was held in memory since; nothing was written
  }
  count(answers);
  return answers;
}

std::optional<StoreAnswer> Committer::carry_out(const WaitingRequest& waiting, WallTime now,
                                                bool may_write) {
  const StoreRequest& request = waiting.request;
  if (const auto* append = std::get_if<StoreAppend>(&request)) {
    return StoreAnswer{append->id, streams_.append(*append, waiting.rows, now)};
  }
  if (!streams_.flush()) return std::nullopt;
  if (const auto* open = std::get_if<StoreOpen>(&request)) {
    return StoreAnswer{open->id, streams_.open(*open->key, now, may_write)};
  }
  if (const auto* read = std::get_if<StoreRead>(&request)) {
    return StoreAnswer{read->id, streams_.read(*read)};
  }
  if (const auto* records = std::get_if<StoreReadRecords>(&request)) {
    return StoreAnswer{records->id, streams_.read_records(*records)};
  }
  if (const auto* trim = std::get_if<StoreTrim>(&request)) {
    // Behind one that failed: they belong together.
    trims_.contains(*trim->key) ? keep(*trim) : streams_.trim(*trim, now);
  } else if (const auto* release = std::get_if<StoreRelease>(&request)) {
    streams_.release(*release->key, now, may_write);
  }
  return std::nullopt;
}

std::optional<StoreAnswer> Committer::carry_out_rolled_back(const WaitingRequest& waiting,
                                                            WallTime now, const Failure& failure) {
  if (const auto* append = std::get_if<StoreAppend>(&waiting.request)) {
    return StoreAnswer{append->id, failure.certain ? AppendResult(AppendRefused{failure.error})
                                                   : AppendResult(AppendUnknown{})};
  }
  if (const auto* trim = std::get_if<StoreTrim>(&waiting.request)) {
    keep(*trim);
    return std::nullopt;
  }
  return carry_out(waiting, now, false);
}

void Committer::keep(const StoreTrim& trim) {
  const auto [place, is_first] = trims_.try_emplace(*trim.key, trim);
  if (is_first) return;
  StoreTrim& kept = place->second;
  kept.floor = std::max(kept.floor, trim.floor);
  kept.changes_floor = std::max(kept.changes_floor, trim.changes_floor);
  kept.source_version = trim.source_version;  // as of the later floor
  kept.records.insert(kept.records.end(), trim.records.begin(), trim.records.end());
  kept.remembered.insert(kept.remembered.end(), trim.remembered.begin(), trim.remembered.end());
}

void Committer::retry_trims(WallTime now) {
  if (trims_.empty()) return;
  // Trims need less room than appends: that they succeed does not mean that appends would.
  const std::optional<Error> trouble = trouble_;
  const bool kept = transact([&] {
    for (const auto& [key, trim] : trims_) {
      if (!streams_.broken().has_value()) streams_.trim(trim, now);
    }
  });
  if (kept) trims_.clear();
  trouble_ = trouble;
}

void Committer::count(const Answers& answers) {
  for (const std::optional<StoreAnswer>& answer : answers) {
    const auto* append = answer ? std::get_if<AppendResult>(&answer->outcome) : nullptr;
    if (append == nullptr) continue;
    if (const auto* durable = std::get_if<AppendDurable>(append)) {
      counters_.records_appended += durable->ranges.size();
    } else if (std::holds_alternative<AppendRefused>(*append)) {
      ++counters_.appends_refused;
    } else {
      ++counters_.appends_unknown;
    }
  }
}

}  // namespace tidegate::store
