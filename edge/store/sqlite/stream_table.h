// What the requests to a store mean in its tables: streams, their logs (log_table.h), records and
// remembered keys. Everything runs within a transaction that the caller begins and ends. A write
// that fails makes the transaction broken(); the caller rolls it back and says so, and what is held
// in memory goes back with it. Reading never writes, so it goes on when the disk is full: a stream
// that could not be noted down when it was opened is noted down with its first append.
//
// Held in memory: where each open stream stands, so that an append is one insertion.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include "edge/relay/relay_effect.h"
#include "edge/store/sqlite/database.h"
#include "edge/store/sqlite/log_table.h"

namespace tidegate::store {

/// What is remembered of accepted publications: as much as the relay's window can ask for.
struct RememberedLimits {
  Duration age{};
  std::size_t entries = 0;  // publications of one channel
};

/// A row of the log: records of one append, encoded.
struct LogRow {
  std::size_t count = 0;
  WallTime time;  // of the earliest
  Bytes records;
};
/// One row, unless they are many bytes: so that none has to be read again and again in pieces.
std::vector<LogRow> rows_of(std::span<const relay::LogRecordPtr> records);

/// Where an open stream stands: what changes while it is open.
struct Standing {
  std::int64_t id = 0;  // 0: not in the table yet
  Offset floor;
  Offset top;
  Offset changes_floor;
  WallTime touched;
  std::uint32_t trims = 0;
};
struct Stream : Standing {
  Epoch epoch;
  StreamPosition position() const { return {epoch, top}; }
};

class StreamTable {
 public:
  /// `entropy` makes epochs; another one in every process.
  StreamTable(Database& database, LogTable& log, RememberedLimits remembered, std::uint64_t entropy)
      : database_(database),
        log_(log),
        remembered_(remembered),
        entropy_(entropy),
        streams_(0, KeyHash{entropy}) {}

  // ---- requests
  /// Before any request but an append, and before the transaction's end: what was appended is
  /// written by then. False: the transaction is broken.
  bool flush() { return wrote(log_.flush(), "takes no publications"); }
  Result<relay::StoreOpened> open(const relay::ChannelKey& key, WallTime now, bool may_write);
  /// `rows` are rows_of() of its records, which are not looked at.
  relay::AppendResult append(const relay::StoreAppend& append, std::span<const LogRow> rows,
                             WallTime now);
  Result<relay::StoreReadResult> read(const relay::StoreRead& read);
  Result<relay::StoreRecordsResult> read_records(const relay::StoreReadRecords& read);
  void trim(const relay::StoreTrim& trim, WallTime now);
  void release(const relay::ChannelKey& key, WallTime now, bool may_write);

  // ---- upkeep
  void set_remembered(RememberedLimits remembered) { remembered_ = remembered; }
  void settle() { wrote(log_.settle(), "cannot note down its rows"); }
  /// Looks after up to `count` streams that nobody holds, from above the id `after`: drops what has
  /// grown too old for anybody. Gives the last id, 0 when there are no more.
  struct SweepRules {
    Duration empty_age{};
    /// For how long the channel's history may matter; nullopt: nobody knows.
    std::function<std::optional<Duration>(const ChannelName&)> history_age;
  };
  std::int64_t sweep(std::int64_t after, std::size_t count, const SweepRules& rules, WallTime now);

  // ---- the transaction
  const std::optional<Error>& broken() const { return broken_; }
  void committed();
  void rolled_back();

 private:
  /// Keyed: channels' names are their clients' choice.
  struct KeyHash {
    std::uint64_t seed = 0;
    std::size_t operator()(const relay::ChannelKey& key) const;
  };
  using Streams = std::unordered_map<relay::ChannelKey, Stream, KeyHash>;
  // What a transaction does to what is held in memory, so that it can be undone, the last first. A
  // stream keeps its address, also while it is released.
  struct Changed {
    Stream* stream;
    Standing before;
  };
  struct Created {
    relay::ChannelKey key;
  };
  struct Released {
    Streams::node_type node;
  };
  using Undo = std::variant<Changed, Created, Released>;
  struct Swept {
    std::int64_t id = 0;
    relay::ChannelKey key;
    Offset top;
    WallTime touched;
  };

  Result<Stream*> find(const relay::ChannelKey& key);
  Stream& create(const relay::ChannelKey& key);
  Standing& change(Stream& stream);
  void undo(Undo& undo);
  bool insert(const relay::ChannelKey& key, Stream& stream, WallTime now);
  void touch(Stream& stream, WallTime now);
  bool wrote(Query& query, const char* what) { return wrote(query.run(), what); }
  bool wrote(bool written, const char* what);

  Result<std::vector<relay::RememberedKeys>> remembered(const Stream& stream, WallTime now);
  std::vector<relay::RememberedKeys> keys_of(const relay::StoreTrim& trim, const Stream& stream,
                                             Offset floor);
  void put_records(const relay::StoreTrim& trim, const Stream& stream);
  Result<std::optional<SourceVersion>> source_version(std::int64_t stream);
  void put_source_version(std::int64_t stream, const SourceVersion& version);
  void remember(const Stream& stream, Offset floor, std::vector<relay::RememberedKeys> keys,
                WallTime now);
  void prune_remembered(std::int64_t stream, WallTime horizon);
  WallTime horizon(std::int64_t stream, WallTime now);

  std::vector<Swept> next_to_sweep(std::int64_t after, std::size_t count);
  void sweep_one(const Swept& swept, const SweepRules& rules, WallTime now);
  void sweep_log(const Swept& swept, Duration age, WallTime now);
  void sweep_source_version(std::int64_t stream);
  bool holds_anything(std::int64_t stream);
  void delete_stream(std::int64_t stream);

  Database& database_;
  LogTable& log_;
  RememberedLimits remembered_;
  std::uint64_t entropy_;
  std::uint64_t streams_created_ = 0;
  Streams streams_;
  std::vector<Undo> undo_;
  std::optional<Error> broken_;

  Statement find_{
      "SELECT id, epoch, floor, top, changes_floor, touched,"
      " (SELECT max(offset) FROM places WHERE stream = streams.id)"
      " FROM streams WHERE tenant = ? AND channel = ?"};
  Statement insert_{
      "INSERT INTO streams(tenant, channel, epoch, floor, top, changes_floor, touched)"
      " VALUES(?, ?, ?, 0, 0, 0, ?)"};
  Statement touch_{"UPDATE streams SET touched = ? WHERE id = ?"};
  Statement read_records_{
      "SELECT version, record FROM records WHERE stream = ? AND key > ? ORDER BY key"};
  Statement trim_stream_{
      "UPDATE streams SET floor = ?, top = ?, changes_floor = ?, touched = ? WHERE id = ?"};
  Statement put_record_{
      "INSERT INTO records(stream, key, version, deleted, record) VALUES(?, ?, ?, ?, ?)"
      " ON CONFLICT(stream, key) DO UPDATE SET version = excluded.version,"
      " deleted = excluded.deleted, record = excluded.record"
      " WHERE excluded.version > records.version"};
  Statement source_version_{"SELECT source_epoch, source_number, epoch FROM streams WHERE id = ?"};
  Statement put_source_version_{
      "UPDATE streams SET source_epoch = ?, source_number = ? WHERE id = ?"};
  Statement forget_deletes_{
      "DELETE FROM records WHERE stream = ? AND deleted = 1 AND version <= ?"};
  Statement remember_{
      "INSERT INTO remembered(stream, offset, newest, count, keys) VALUES(?, ?, ?, ?, ?)"};
  Statement remembered_keys_{"SELECT keys FROM remembered WHERE stream = ? ORDER BY offset"};
  Statement remembered_counts_{
      "SELECT offset, count FROM remembered WHERE stream = ? ORDER BY offset DESC"};
  Statement forget_old_keys_{"DELETE FROM remembered WHERE stream = ? AND newest < ?"};
  Statement forget_keys_below_{"DELETE FROM remembered WHERE stream = ? AND offset < ?"};
  Statement sweep_{
      "SELECT id, tenant, channel, touched,"
      " max(top, ifnull((SELECT max(offset) FROM places WHERE stream = streams.id), 0))"
      " FROM streams WHERE id > ? ORDER BY id LIMIT ?"};
  Statement sweep_stream_{"UPDATE streams SET floor = ?1, top = ?1 WHERE id = ?2"};
  Statement holds_{
      "SELECT EXISTS(SELECT 1 FROM places WHERE stream = ?1)"
      " OR EXISTS(SELECT 1 FROM records WHERE stream = ?1)"
      " OR EXISTS(SELECT 1 FROM remembered WHERE stream = ?1)"};
  Statement delete_stream_{"DELETE FROM streams WHERE id = ?"};
};

}  // namespace tidegate::store
