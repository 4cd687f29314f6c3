#include "edge/store/sqlite/log_table.h"

#include <algorithm>
#include <utility>

namespace tidegate::store {

Result<std::unique_ptr<LogTable>> LogTable::load(Database& database, std::size_t tail_rows) {
  std::unique_ptr<LogTable> log(new LogTable(database, tail_rows));
  if (!log->load_tail()) return database.error("cannot be read");
  return log;
}

bool LogTable::load_tail() {
  Query settled = database_.query(settled_);
  Query last = database_.query(last_row_);
  if (!settled.step() || !last.step()) return false;
  noted_to_ = std::max(settled.integer(0), last.integer(0));
  next_row_ = noted_to_ + 1;
  Query query = database_.query(tail_);
  query.bind(settled.integer(0));
  while (query.step()) {
    tails_[query.integer(0)].push_back({Offset{query.number(1)}, query.integer(2)});
    ++tail_rows_;
  }
  return !query.failed();
}

// ---- rows

/// OR FAIL, or SQLite would keep every page as it was before the statement, to undo it alone.
std::string LogTable::rows_into(std::string table, std::size_t columns, std::size_t rows) {
  std::string row = "(?";
  for (std::size_t column = 1; column < columns; ++column) row += ", ?";
  row += ")";
  std::string sql = "INSERT OR FAIL INTO " + std::move(table) + " VALUES" + row;
  for (std::size_t more = 1; more < rows; ++more) sql += "," + row;
  return sql;
}

template <typename New, typename Bind>
bool LogTable::insert(Statement& one, Statement& some, std::span<const New> rows, Bind&& bind) {
  for (std::size_t at = 0; at < rows.size();) {
    const bool many = rows.size() - at >= kRowsAtOnce;
    const std::size_t end = at + (many ? kRowsAtOnce : 1);
    Query query = database_.query(many ? some : one);
    for (; at < end; ++at) bind(query, rows[at]);
    if (!query.run()) return false;
  }
  return true;
}

bool LogTable::append(std::int64_t stream, const Row& row, WallTime time) {
  new_rows_.push_back({next_row_, stream, row, time});
  tails_[stream].push_back({row.offset, next_row_++});
  ++tail_rows_;
  changes_.push_back({stream});
  return new_rows_.size() < kRowsAtOnce || flush();
}

void LogTable::bind(Query& query, const NewRow& added) {
  query.bind(added.stream).bind(added.row.previous.value).bind(added.row.offset.value);
  query.bind(wall_ms(added.time)).bind(added.row.records);
}

/// That SQLite numbered them as they are numbered here is looked at: a row under another number
/// would be another stream's, or nobody's.
bool LogTable::flush() {
  if (new_rows_.empty()) return true;
  std::span<const NewRow> rows = new_rows_;
  bool written = true;
  if (!numbers_by_itself_) {
    Query query = database_.query(append_numbered_);
    bind(query, rows.front());
    written = query.bind(rows.front().id).run();
    rows = rows.subspan(1);
  }
  written = written && insert(append_, append_some_, rows, bind) &&
            sqlite3_last_insert_rowid(database_.handle()) == new_rows_.back().id;
  numbers_by_itself_ = written;
  new_rows_.clear();
  return written;
}

bool LogTable::read(std::int64_t stream, Offset after,
                    const std::function<bool(const Row&)>& take) {
  {
    Query query = database_.query(read_settled_);
    query.bind(stream).bind(after.value);
    while (query.step()) {
      if (!take({Offset{query.number(0)}, Offset{query.number(1)}, query.blob(2)})) return true;
    }
    if (query.failed()) return false;
  }
  const auto found = tails_.find(stream);
  if (found == tails_.end()) return true;
  for (const Place& place : found->second) {
    if (place.offset <= after) continue;
    Query query = database_.query(read_row_);
    query.bind(place.row);
    const bool there = query.step();
    if (query.failed()) return false;
    const Row row = there ? Row{Offset{query.number(0)}, place.offset, query.blob(1)}
                          : Row{Offset{}, place.offset, {}};
    if (!take(row)) return true;
  }
  return true;
}

bool LogTable::drop(std::int64_t stream, Offset through) {
  if (!drop_settled(stream, through)) return false;
  const auto found = tails_.find(stream);
  if (found == tails_.end()) return true;
  Tail& tail = found->second;
  const auto kept = std::find_if(tail.begin(), tail.end(),
                                 [through](const Place& place) { return place.offset > through; });
  if (kept == tail.begin()) return true;
  for (auto place = tail.begin(); place != kept; ++place) {
    Query query = database_.query(drop_row_);
    if (!query.bind(place->row).run()) return false;
    if (place->row + 1 == next_row_) numbers_by_itself_ = false;
  }
  tail_rows_ -= static_cast<std::size_t>(kept - tail.begin());
  changes_.push_back({stream, Tail(tail.begin(), kept)});
  tail.erase(tail.begin(), kept);
  if (tail.empty()) tails_.erase(found);
  return true;
}

bool LogTable::drop_settled(std::int64_t stream, Offset through) {
  if (noted_to_ + 1 == next_row_) numbers_by_itself_ = false;  // that one may be among them
  for (Statement* statement : {&drop_settled_rows_, &drop_places_}) {
    Query query = database_.query(*statement);
    if (!query.bind(stream).bind(through.value).run()) return false;
  }
  return true;
}

std::optional<Offset> LogTable::tail_end(std::int64_t stream) const {
  const auto found = tails_.find(stream);
  if (found == tails_.end()) return std::nullopt;
  return found->second.back().offset;
}

std::optional<WallTime> LogTable::time(Statement& statement, std::int64_t of) {
  Query query = database_.query(statement);
  query.bind(of);
  if (!query.step()) return std::nullopt;
  return wall_from_ms(query.integer(0));
}

std::optional<WallTime> LogTable::oldest_time(std::int64_t stream) {
  if (auto settled = time(oldest_, stream)) return settled;
  const auto found = tails_.find(stream);
  if (found == tails_.end()) return std::nullopt;
  return time(time_, found->second.front().row);
}

std::optional<WallTime> LogTable::newest_time(std::int64_t stream) {
  const auto found = tails_.find(stream);
  if (found == tails_.end()) return time(newest_, stream);
  return time(time_, found->second.back().row);
}

// ---- the tail

/// By stream, so that places of one stream stand together and each page of them is written once.
bool LogTable::settle() {
  settling_ = true;
  std::vector<std::int64_t> streams;
  streams.reserve(tails_.size());
  for (const auto& [stream, tail] : tails_) streams.push_back(stream);
  std::sort(streams.begin(), streams.end());
  std::vector<std::pair<std::int64_t, Place>> places;
  places.reserve(tail_rows_);
  for (const std::int64_t stream : streams) {
    for (const Place& place : tails_.at(stream)) places.emplace_back(stream, place);
  }
  const bool noted =
      insert(place_, place_some_, std::span<const std::pair<std::int64_t, Place>>(places),
             [](Query& query, const auto& stream_and_place) {
               const auto& [stream, place] = stream_and_place;
               query.bind(stream).bind(place.offset.value).bind(place.row);
             });
  if (!noted) return false;
  noted_to_ = next_row_ - 1;
  Query query = database_.query(set_settled_);
  return query.bind(next_row_ - 1).run();
}

void LogTable::committed() {
  changes_.clear();
  if (!settling_) return;
  settling_ = false;
  tails_.clear();
  tail_rows_ = 0;
  settle_at_ = tail_rows_max_;
}

/// A tail that could not be noted down is tried again when more has been appended: until then there
/// would hardly be more room for it.
void LogTable::rolled_back() {
  if (settling_) settle_at_ = tail_rows_ + tail_rows_max_ / 8 + 1;
  settling_ = false;
  numbers_by_itself_ = false;
  new_rows_.clear();
  for (; !changes_.empty(); changes_.pop_back()) undo(changes_.back());
}

void LogTable::undo(Change& change) {
  Tail& tail = tails_[change.stream];
  if (change.removed.empty()) {
    tail.pop_back();
    --tail_rows_;
    if (tail.empty()) tails_.erase(change.stream);
  } else {
    tail.insert(tail.begin(), change.removed.begin(), change.removed.end());
    tail_rows_ += change.removed.size();
  }
}

}  // namespace tidegate::store
