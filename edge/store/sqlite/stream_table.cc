#include "edge/store/sqlite/stream_table.h"

#include <algorithm>
#include <chrono>

#include "core/base/hash.h"
#include "core/base/limits.h"
#include "edge/relay/apply.h"
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

Result<Stream*> StreamTable::find(const ChannelKey& key) {
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
  stream.top = std::max(stream.top, log_.tail_end(stream.id).value_or(Offset{}));
  stream.changes_floor = Offset{query.number(4)};
  stream.touched = wall_from_ms(query.integer(5));
  return &streams_.emplace(key, std::move(stream)).first->second;
}

std::size_t StreamTable::KeyHash::operator()(const ChannelKey& key) const {
  return static_cast<std::size_t>(hash128(key.channel.view(), seed).low ^ hash_bytes(key.tenant));
}

/// Before it is changed, so that it can be changed back.
Standing& StreamTable::change(Stream& stream) {
  undo_.emplace_back(Changed{&stream, stream});
  return stream;
}

void StreamTable::committed() {
  undo_.clear();
  log_.committed();
}

void StreamTable::rolled_back() {
  for (; !undo_.empty(); undo_.pop_back()) undo(undo_.back());
  log_.rolled_back();
  broken_.reset();
}

void StreamTable::undo(Undo& undo) {
  if (auto* changed = std::get_if<Changed>(&undo)) {
    static_cast<Standing&>(*changed->stream) = changed->before;
  } else if (auto* created = std::get_if<Created>(&undo)) {
    streams_.erase(created->key);
  } else {
    auto& released = std::get<Released>(undo);
    streams_.erase(released.node.key());  // as it was read back since, from what is undone
    streams_.insert(std::move(released.node));
  }
}

bool StreamTable::wrote(bool written, const char* what) {
  if (!written && !broken_.has_value()) broken_ = database_.error(what);
  return written;
}

Stream& StreamTable::create(const ChannelKey& key) {
  undo_.emplace_back(Created{key});
  std::uint64_t state = entropy_ + ++streams_created_;
  Stream& stream = streams_[key];
  stream.epoch = Epoch::from_entropy(split_mix64(state));
  return stream;
}

bool StreamTable::insert(const ChannelKey& key, Stream& stream, WallTime now) {
  Query query = database_.query(insert_);
  query.bind(std::string_view(key.tenant)).bind(key.channel.view());
  query.bind(std::string_view(stream.epoch.token())).bind(wall_ms(now));
  if (!wrote(query, "cannot note down a channel")) return false;
  Standing& standing = change(stream);
  standing.id = sqlite3_last_insert_rowid(database_.handle());
  standing.touched = now;
  return true;
}

void StreamTable::touch(Stream& stream, WallTime now) {
  if (stream.id == 0 || now - stream.touched < kTouchInterval) return;
  change(stream).touched = now;
  Query query = database_.query(touch_);
  query.bind(wall_ms(now)).bind(stream.id);
  wrote(query, "cannot note down a channel");
}

// ---- open, append, read

Result<relay::StoreOpened> StreamTable::open(const ChannelKey& key, WallTime now, bool may_write) {
  auto found = find(key);
  if (!found) return found.error();
  Stream& stream = *found == nullptr ? create(key) : **found;
  if (may_write) {
    if (stream.id == 0) {
      if (!insert(key, stream, now)) return *broken_;
    } else {
      touch(stream, now);
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
  if (*found == nullptr) return AppendUnknown{};
  Stream& stream = **found;
  if (append.expected_top.offset != stream.top || append.expected_top.epoch != stream.epoch) {
    return AppendUnknown{};
  }
  if (stream.id == 0 && !insert(*append.key, stream, now)) return AppendUnknown{};
  Offset& at = change(stream).top;
  AppendDurable durable;
  std::size_t count = 0;
  for (const LogRow& row : rows) count += row.count;
  durable.ranges.reserve(count);
  for (const LogRow& row : rows) {
    const Offset end{at.value + row.count};
    if (!wrote(log_.append(stream.id, {at, end, row.records}, row.time), "takes no publications")) {
      return AppendUnknown{};
    }
    for (; at < end; ++at.value) durable.ranges.push_back({at, Offset{at.value + 1}});
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
  std::optional<Error> error;
  const bool whole = log_.read(stream.id, at, [&](const LogTable::Row& row) {
    auto records = decode_log(row.records);
    if (!records) {
      error = unreadable(records.error());
      return false;
    }
    Offset offset = row.previous;
    if (offset > at || offset.value + records->size() != row.offset.value) {
      error = hole();
      return false;
    }
    bytes += row.records.size();
    for (LogRecordPtr& record : *records) {
      const StreamRange range{offset, Offset{offset.value + 1}};
      offset = range.offset;
      if (range.offset <= at || result.records.size() == read.entries_max) continue;
      at = range.offset;
      result.records.push_back(AppendedRecord{range, std::move(record)});
    }
    return result.records.size() < read.entries_max && bytes < limits::store_read_bytes_max;
  });
  if (!whole) return database_.error("cannot be read");
  if (error.has_value()) return *error;
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
  Stream& stream = **found;
  const Offset floor = std::min(std::max(stream.floor, trim.floor), stream.top);
  std::vector<RememberedKeys> keys = keys_of(trim, stream, floor);
  Standing& standing = change(stream);
  standing.floor = floor;
  standing.changes_floor = std::max(stream.changes_floor, trim.changes_floor);
  standing.touched = now;
  ++standing.trims;
  put_records(trim, stream);
  if (!wrote(log_.drop(stream.id, floor), "cannot be trimmed")) return;
  {
    Query query = database_.query(trim_stream_);
    query.bind(floor.value).bind(stream.top.value).bind(stream.changes_floor.value);
    query.bind(wall_ms(now)).bind(stream.id);
    if (!wrote(query, "cannot be trimmed")) return;
  }
  if (trim.source_version.has_value()) put_source_version(stream.id, *trim.source_version);
  remember(stream, floor, std::move(keys), now);
}

/// Of what was answered between the floor before and the new one. A batch that cannot be
/// read any more has no keys either.
std::vector<RememberedKeys> StreamTable::keys_of(const relay::StoreTrim& trim, const Stream& stream,
                                                 Offset floor) {
  std::vector<RememberedKeys> keys;
  const std::vector<relay::RememberedPlace>& places = trim.remembered;
  if (places.empty()) return keys;
  log_.read(stream.id, stream.floor, [&](const LogTable::Row& row) {
    if (row.previous >= floor) return false;
    const auto records = decode_log(row.records);
    if (!records) return true;
    Offset offset = row.previous;
    for (const LogRecordPtr& record : *records) {
      ++offset.value;
      if (offset <= stream.floor || offset > floor) continue;
      const auto place =
          std::lower_bound(places.begin(), places.end(), offset,
                           [](const auto& one, Offset at) { return one.offset < at; });
      if (place == places.end() || place->offset != offset) continue;
      keys.push_back(relay::remembered_keys(*record, *place));
    }
    return true;
  });
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
  Stream& stream = found->second;
  if (may_write && stream.id != 0) {
    if (stream.top == Offset{}) {
      delete_stream(stream.id);
    } else {
      touch(stream, now);
    }
  }
  undo_.emplace_back(Released{streams_.extract(found)});
}

// ---- remembered keys

/// Keys below are asked for by nobody: neither by what will be published, nor by what is in the log
/// and will be judged again when it is read back.
WallTime StreamTable::horizon(std::int64_t stream, WallTime now) {
  const WallTime oldest = std::min(now, log_.oldest_time(stream).value_or(now));
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
