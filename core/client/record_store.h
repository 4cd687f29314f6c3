// The records of one state channel as its reader holds them: by key, in the order of the keys'
// bytes, so that what a sweep covers is a range. A newer version replaces an older one and never
// the other way round; so it does not matter how often a change comes, nor in which order.
//
// The sum over all records (core/merge/record_digest.h) is kept up as far as it was asked for:
// each record caches its number until it changes, and those that have changed stand in a list.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/stream/publication.h"

namespace tidegate {

/// What all stores of a client hold together, for their limits.
struct RecordUse {
  std::size_t entries = 0;  // records, and deletes that are remembered
  std::size_t bytes = 0;    // of keys and payloads
};

/// A record as it is; a view that the next change of the store ends.
struct RecordView {
  std::string_view key;
  Offset version;  // 0: of a former stream, and not confirmed in this one yet
  PayloadKind payload_kind = PayloadKind::Json;
  ByteView payload;
};

class RecordStore {
 public:
  explicit RecordStore(RecordUse& use) : use_(use) {}
  ~RecordStore();
  RecordStore(const RecordStore&) = delete;
  RecordStore& operator=(const RecordStore&) = delete;

  // ---- getters
  std::size_t size() const { return by_key_.size(); }
  std::size_t deletes_remembered() const { return deletes_.size(); }
  /// Nothing that is known of any key is newer: the highest version that was taken, deletes and
  /// the readings of sweeps included.
  Offset newest() const { return newest_; }
  std::optional<RecordView> find(std::string_view key) const;
  /// The first with a key above `key`; above an empty one: the first of all.
  std::optional<RecordView> next_after(std::string_view key) const;
  /// True when `version` is above what is known of the key: a record, a delete, or that there was
  /// none when a sweep was read.
  bool is_news(std::string_view key, Offset version) const;
  /// Over all records. Costs as much as has changed since it was asked for last.
  std::uint64_t digest();

  // ---- commands
  void set(std::string_view key, Offset version, PayloadKind kind, ByteView payload);
  /// Begins with an empty object where there is no record of this stream. False, and nothing is
  /// changed, when there is one that is no object or the payload is no merge.
  bool merge(std::string_view key, Offset version, std::string_view payload);
  void erase(std::string_view key, Offset version);
  /// Remembers that a key was deleted, for rows of before that may still come.
  void remember_delete(std::string_view key, Offset version);
  /// Forgets the deletes, and the sweeps that were read, up to here: what came before them will not
  /// come any more.
  void forget_deletes(Offset up_to);
  /// The range of keys above `after` and not above `until`, which is above it; an empty `until`:
  /// without a bound.
  struct KeyRange {
    std::string_view after;
    std::string_view until;
  };
  /// The range was read at `read_at` and is `kept`, which ascend, and what is newer: removes the
  /// rest, and takes no older row for a key that is absent. Returns the keys of what it removed.
  std::vector<std::string> sweep(KeyRange range, Offset read_at,
                                 const std::vector<std::string_view>& kept);
  /// The stream is another one: anything replaces what is held.
  void forget_versions();
  /// Returns the keys of what there was.
  std::vector<std::string> clear();

 private:
  static constexpr std::uint32_t kClean = 0xFFFFFFFF;
  struct Record {
    Offset version;
    PayloadKind kind = PayloadKind::Json;
    std::string payload;
    std::uint64_t digest = 0;        // what the sum holds of it
    std::uint32_t changed = kClean;  // where it stands in changed_
  };
  using Map = std::map<std::string, Record, std::less<>>;
  /// By the last key of a range, which begins above the one before.
  using Readings = std::map<std::string, Offset, std::less<>>;

  static RecordView view_of(const Map::value_type& entry);
  void put(std::string_view key, Offset version, PayloadKind kind, std::string payload);
  void mark_changed(Map::value_type& entry);
  void mark_clean(Record& record);
  Map::iterator remove(Map::iterator at);
  std::vector<std::string> remove_but(KeyRange range, Offset up_to,
                                      const std::vector<std::string_view>& kept);
  void note_reading(KeyRange range, Offset read_at);
  void split_reading(std::string_view key);
  Readings::iterator join_with_previous(Readings::iterator at);
  Offset read_at(std::string_view key) const;
  void take(Offset version) { newest_ = std::max(newest_, version); }

  RecordUse& use_;
  Map by_key_;
  std::map<std::string, Offset, std::less<>> deletes_;
  /// Of sweeps beyond the position: at which offset each range was read; zero: it was not.
  Readings readings_;
  Offset newest_;
  std::uint64_t sum_ = 0;
  std::vector<Map::value_type*> changed_;
};

}  // namespace tidegate
