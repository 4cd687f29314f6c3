#include "edge/store/sqlite/stream_table.h"

#include <algorithm>
#include <chrono>

#include "core/base/hash.h"
#include "core/base/limits.h"
#include "edge/store/record_codec.h"

namespace tidegate::store {

using relay::AppendDurable;
using relay::AppendedRecord;
using relay::AppendUnknown;
using relay::ChannelKey;
using relay::LogRecordPtr;
using relay::RecordVersion;
using relay::RememberedKeys;

namespace {

constexpr std::uint32_t kTrimsBetweenPruning = 16;

/// How stale the note of a stream's last use may be.
constexpr std::chrono::milliseconds kTouchInterval = std::chrono::hours(24);

std::chrono::milliseconds in_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

Error not_open() {
  return Error{ErrorCode::NotFound, "the stream does not exist: open it first", 0};
}

/// The log has to continue: a hole would be taken for covers.
Error hole() {
  return Error{ErrorCode::Unavailable,
               "the store is damaged: the log does not continue where it should", 0};
}

Error unreadable(const Error& error) { return Error{ErrorCode::Unavailable, error.message, 0}; }

}  // namespace

std::vector<LogRow> rows_of(std::span<const LogRecordPtr> records) {
  std::vector<LogRow> rows;
  while (!records.empty()) {
    LogRow row;
    row.time = records.front()->publication->time;
    std::size_t bytes = 0;
    for (; row.count < records.size() && bytes < limits::store_row_bytes_target; ++row.count) {
      const Publication& publication = *records[row.count]->publication;
      bytes += publication.payload.size();
      row.time = std::min(row.time, publication.time);
    }
    row.records = encode_log(records.first(row.count));
    records = records.subspan(row.count);
    rows.push_back(std::move(row));
  }
  return rows;
}

// ---- what is held in memory

Result<StreamTable::Stream*> StreamTable::find(const ChannelKey& key) {
  const auto held = streams_.find(key);
  if (held != streams_.end()) return &held->second;
  Query query = database_.query(find_);
  query.bind(std::string_view(key.tenant)).bind(key.channel.view());
  if (!query.step()) {
    if (query.failed()) return database_.error("cannot be read");
    return nullptr;
  }
  Stream stream;
  stream.id = query.integer(0);
  auto epoch = Epoch::parse(query.text(1));
  if (!epoch) return Error{ErrorCode::Unavailable, "the store is damaged: an epoch is none", 0};
  stream.epoch = *epoch;
  stream.floor = Offset{query.number(2)};
  stream.top = Offset{std::max(query.number(3), query.number(6))};
  stream.changes_floor = Offset{query.number(4)};
  stream.touched = wall_from_ms(query.integer(5));
  return &streams_.emplace(key, std::move(stream)).first->second;
}

/// Before it is changed, so that it can be changed back.
StreamTable::Stream& StreamTable::change(const ChannelKey& key) {
  Stream& stream = streams_.at(key);
  undo_.emplace_back(key, stream);
  return stream;
}

void StreamTable::committed() { undo_.clear(); }

void StreamTable::rolled_back() {
  for (; !undo_.empty(); undo_.pop_back()) {
    auto& [key, before] = undo_.back();
    if (before.has_value()) {
      streams_.insert_or_assign(key, std::move(*before));
    } else {
      streams_.erase(key);
    }
  }
  broken_.reset();
}

bool StreamTable::wrote(Query& query, const char* what) {
  if (query.run()) return true;
  if (!broken_.has_value()) broken_ = database_.error(what);
  return false;
}

bool StreamTable::insert(const ChannelKey& key, WallTime now) {
  Stream& stream = change(key);
  Query query = database_.query(insert_);
  query.bind(std::string_view(key.tenant)).bind(key.channel.view());
  query.bind(std::string_view(stream.epoch.token())).bind(wall_ms(now));
  if (!wrote(query, "cannot note down a channel")) return false;
  stream.id = sqlite3_last_insert_rowid(database_.handle());
  stream.touched = now;
  return true;
}

void StreamTable::touch(const ChannelKey& key, WallTime now) {
  const Stream& stream = streams_.at(key);
  if (stream.id == 0 || now - stream.touched < kTouchInterval) return;
  change(key).touched = now;
  Query query = database_.query(touch_);
  query.bind(wall_ms(now)).bind(stream.id);
  wrote(query, "cannot note down a channel");
}

// ---- open, append, read

Result<relay::StoreOpened> StreamTable::open(const ChannelKey& key, WallTime now, bool may_write) {
  auto found = find(key);
  if (!found) return found.error();
  if (*found == nullptr) {
    undo_.emplace_back(key, std::nullopt);
    std::uint64_t state = entropy_ + ++streams_created_;
    Stream& stream = streams_[key];
    stream.epoch = Epoch::from_entropy(split_mix64(state));
  }
  const Stream& stream = streams_.at(key);
  if (may_write) {
    if (stream.id == 0) {
      if (!insert(key, now)) return *broken_;
    } else {
      touch(key, now);
    }
  }
  auto keys = remembered(stream, now);
  if (!keys) return keys.error();
  auto source = source_version(stream.id);
  if (!source) return source.error();
  return relay::StoreOpened{stream.position(), stream.floor, stream.changes_floor, std::move(*keys),
                            std::move(*source)};
}

relay::AppendResult StreamTable::append(const relay::StoreAppend& append,
                                        std::span<const LogRow> rows, WallTime now) {
  auto found = find(*append.key);
  if (!found) return relay::AppendRefused{found.error()};
  if (*found == nullptr || append.expected_top != (*found)->position()) return AppendUnknown{};
  if ((*found)->id == 0 && !insert(*append.key, now)) return AppendUnknown{};
  Stream& stream = change(*append.key);
  AppendDurable durable;
  for (const LogRow& row : rows) {
    const Offset top{stream.top.value + row.count};
    Query query = database_.query(append_);
    query.bind(stream.id).bind(stream.top.value).bind(top.value);
    query.bind(wall_ms(row.time)).bind(ByteView(row.records));
    if (!wrote(query, "takes no publications")) return AppendUnknown{};
    for (; stream.top < top; ++stream.top.value) {
      durable.ranges.push_back({stream.top, Offset{stream.top.value + 1}});
    }
  }
  return durable;
}

Result<relay::StoreReadResult> StreamTable::read(const relay::StoreRead& read) {
  auto found = find(*read.key);
  if (!found) return found.error();
  if (*found == nullptr) return not_open();
  const Stream& stream = **found;
  relay::StoreReadResult result;
  result.top = stream.position();
  if (read.after.epoch != stream.epoch) {
    return result;  // the reader sees by the epoch that it has to begin anew
  }
  if (read.after.offset < stream.floor) {
    return Error{ErrorCode::NotFound, "history no longer reaches there: open the stream again", 0};
  }
  Offset at = read.after.offset;
  std::size_t bytes = 0;
  Query query = database_.query(read_);
  query.bind(stream.id).bind(at.value);
  while (result.records.size() < read.entries_max && bytes < limits::store_read_bytes_max &&
         query.step()) {
    auto records = decode_log(query.blob(2));
    if (!records) return unreadable(records.error());
    Offset offset{query.number(0)};
    if (offset > at || offset.value + records->size() != query.number(1)) return hole();
    bytes += query.blob(2).size();
    for (LogRecordPtr& record : *records) {
      const StreamRange range{offset, Offset{offset.value + 1}};
      offset = range.offset;
      if (range.offset <= at || result.records.size() == read.entries_max) continue;
      at = range.offset;
      result.records.push_back(AppendedRecord{range, std::move(record)});
    }
  }
  if (query.failed()) return database_.error("cannot be read");
  return result;
}

Result<relay::StoreRecordsResult> StreamTable::read_records(const relay::StoreReadRecords& read) {
  auto found = find(*read.key);
  if (!found) return found.error();
  if (*found == nullptr) return not_open();
  const Stream& stream = **found;
  relay::StoreRecordsResult result;
  result.floor = {stream.epoch, stream.floor};
  std::size_t bytes = 0;
  Query query = database_.query(read_records_);
  query.bind(stream.id).bind(as_bytes(read.after_key));
  while (query.step()) {
    if (result.records.size() >= read.entries_max || bytes >= limits::store_read_bytes_max) {
      result.more = true;
      return result;
    }
    auto record = decode_publication(query.blob(1));
    if (!record) return unreadable(record.error());
    bytes += query.blob(1).size();
    result.records.push_back(RecordVersion{Offset{query.number(0)}, std::move(*record)});
  }
  if (query.failed()) return database_.error("cannot be read");
  return result;
}

// ---- trim, release

void StreamTable::trim(const relay::StoreTrim& trim, WallTime now) {
  auto found = find(*trim.key);
  if (!found) {
    broken_ = found.error();
    return;
  }
  if (*found == nullptr || (*found)->id == 0) return;
  Stream& stream = change(*trim.key);
  const Offset floor = std::min(std::max(stream.floor, trim.floor), stream.top);
  std::vector<RememberedKeys> keys = keys_of(trim, stream, floor);
  stream.floor = floor;
  stream.changes_floor = std::max(stream.changes_floor, trim.changes_floor);
  stream.touched = now;
  ++stream.trims;
  put_records(trim, stream);
  {
    Query query = database_.query(trim_log_);
    query.bind(stream.id).bind(floor.value);
    if (!wrote(query, "cannot be trimmed")) return;
  }
  {
    Query query = database_.query(trim_stream_);
    query.bind(floor.value).bind(stream.top.value).bind(stream.changes_floor.value);
    query.bind(wall_ms(now)).bind(stream.id);
    if (!wrote(query, "cannot be trimmed")) return;
  }
  if (trim.source_version.has_value()) put_source_version(stream.id, *trim.source_version);
  remember(stream, floor, std::move(keys), now);
}

/// Of the accepted publications between the floor before and the new one. A batch that cannot be
/// read any more has no keys either.
std::vector<RememberedKeys> StreamTable::keys_of(const relay::StoreTrim& trim, const Stream& stream,
                                                 Offset floor) {
  std::vector<RememberedKeys> keys;
  if (trim.accepted.empty()) return keys;
  std::vector<Offset> accepted = trim.accepted;
  std::sort(accepted.begin(), accepted.end());
  Query query = database_.query(read_);
  query.bind(stream.id).bind(stream.floor.value);
  while (query.step() && query.number(0) < floor.value) {
    const auto records = decode_log(query.blob(2));
    if (!records) continue;
    Offset offset{query.number(0)};
    for (const LogRecordPtr& record : *records) {
      ++offset.value;
      const Publication& publication = *record->publication;
      const bool named = !record->idempotency_key.empty() || !publication.event_id.empty();
      if (!named || offset <= stream.floor || offset > floor ||
          !std::binary_search(accepted.begin(), accepted.end(), offset)) {
        continue;
      }
      keys.push_back(RememberedKeys{offset, publication.time, record->producer,
                                    record->idempotency_key, publication.event_id,
                                    record->payload_hash});
    }
  }
  return keys;
}

void StreamTable::put_records(const relay::StoreTrim& trim, const Stream& stream) {
  for (const RecordVersion& record : trim.records) {
    const Bytes encoded = encode_publication(*record.record);
    const bool deleted = record.record->operation == Operation::Delete;
    Query query = database_.query(put_record_);
    query.bind(stream.id).bind(as_bytes(record.record->key)).bind(record.version.value);
    query.bind(std::uint64_t{deleted}).bind(ByteView(encoded));
    if (!wrote(query, "cannot keep a record")) return;
  }
  Query query = database_.query(forget_deletes_);
  query.bind(stream.id).bind(stream.changes_floor.value);
  wrote(query, "cannot forget deleted records");
}

Result<std::optional<SourceVersion>> StreamTable::source_version(std::int64_t stream) {
  std::optional<SourceVersion> version;
  Query query = database_.query(source_version_);
  query.bind(stream);
  if (query.step() && !query.is_null(0)) {
    version = SourceVersion{std::string(query.text(0)), query.number(1)};
  }
  if (query.failed()) return database_.error("cannot be read");
  return version;
}

void StreamTable::put_source_version(std::int64_t stream, const SourceVersion& version) {
  Query query = database_.query(put_source_version_);
  query.bind(std::string_view(version.epoch)).bind(version.number).bind(stream);
  wrote(query, "cannot keep a source version");
}

void StreamTable::release(const ChannelKey& key, WallTime now, bool may_write) {
  const auto found = streams_.find(key);
  if (found == streams_.end()) return;
  const Stream stream = found->second;
  if (may_write && stream.id != 0) {
    if (stream.top == Offset{}) {
      delete_stream(stream.id);
    } else {
      touch(key, now);
    }
  }
  undo_.emplace_back(key, stream);
  streams_.erase(key);
}

// ---- remembered keys

/// Keys below are asked for by nobody: neither by what will be published, nor by what is in the log
/// and will be judged again when it is read back.
WallTime StreamTable::horizon(std::int64_t stream, WallTime now) {
  Query query = database_.query(oldest_time_);
  query.bind(stream);
  const WallTime oldest = query.step() ? std::min(now, wall_from_ms(query.integer(0))) : now;
  return oldest - in_ms(remembered_.age);
}

Result<std::vector<RememberedKeys>> StreamTable::remembered(const Stream& stream, WallTime now) {
  std::vector<RememberedKeys> all;
  if (stream.id == 0 || stream.top == Offset{}) return all;
  const WallTime from = horizon(stream.id, now);
  Query query = database_.query(remembered_keys_);
  query.bind(stream.id);
  while (query.step()) {
    auto keys = decode_keys(query.blob(0));
    if (!keys) return unreadable(keys.error());
    for (RememberedKeys& one : *keys) {
      if (one.time >= from) all.push_back(std::move(one));
    }
  }
  if (query.failed()) return database_.error("cannot be read");
  if (all.size() > remembered_.entries) {
    const auto excess = static_cast<std::ptrdiff_t>(all.size() - remembered_.entries);
    all.erase(all.begin(), all.begin() + excess);
  }
  return all;
}

void StreamTable::remember(const Stream& stream, Offset floor, std::vector<RememberedKeys> keys,
                           WallTime now) {
  const WallTime from = horizon(stream.id, now);
  std::erase_if(keys, [from](const RememberedKeys& one) { return one.time < from; });
  if (!keys.empty()) {
    WallTime newest = keys.front().time;
    for (const RememberedKeys& one : keys) newest = std::max(newest, one.time);
    const Bytes encoded = encode_keys(keys);
    Query query = database_.query(remember_);
    query.bind(stream.id).bind(floor.value).bind(wall_ms(newest));
    query.bind(std::uint64_t{keys.size()}).bind(ByteView(encoded));
    if (!wrote(query, "cannot remember keys")) return;
  }
  if (stream.trims % kTrimsBetweenPruning == 1) prune_remembered(stream.id, from);
}

void StreamTable::prune_remembered(std::int64_t stream, WallTime from) {
  {
    Query query = database_.query(forget_old_keys_);
    query.bind(stream).bind(wall_ms(from));
    if (!wrote(query, "cannot forget keys")) return;
  }
  std::size_t count = 0;
  std::uint64_t lowest = 0;
  {
    Query query = database_.query(remembered_counts_);
    query.bind(stream);
    while (count < remembered_.entries && query.step()) {
      lowest = query.number(0);
      count += static_cast<std::size_t>(query.number(1));
    }
  }
  if (count < remembered_.entries) return;
  Query query = database_.query(forget_keys_below_);
  query.bind(stream).bind(lowest);
  wrote(query, "cannot forget keys");
}

void StreamTable::delete_stream(std::int64_t stream) {
  Query query = database_.query(delete_stream_);
  query.bind(stream);
  wrote(query, "cannot forget a channel");
}

}  // namespace tidegate::store
