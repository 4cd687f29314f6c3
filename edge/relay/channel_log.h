// One channel's history on one shard: contiguous entries from `floor` to `top`, oldest first. The
// owner holds one, and so does every mirror. Entries are ranges, found by binary search, because
// offsets are never assumed dense; neighbouring covers become one entry, so refused records cannot
// pile up.
//
// History is bounded by count, bytes and age of publications. Trimming is asked for by the log's
// holder (enforce), who also says up to where readers that keep pace have read: what they are about
// to get is kept a little longer, again within a limit, so that a burst larger than history reaches
// those who are not slow at all.
//
// A state channel's log holds its records, too (RecordMap): every entry that is appended is also
// applied to them. Its entries hold whole records beside what was published, and a merge may be far
// smaller than the record: there are two measures, and history is bounded by the larger.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "edge/relay/record_map.h"
#include "edge/relay/relay_config.h"

namespace tidegate::relay {

/// What is measured of entries: publications as they were published, or on a state channel the
/// records as they were made by them.
enum class Measure : std::uint8_t { Published, Whole };

class ChannelLog {
 public:
  ChannelLog(const HistoryLimits& limits, ChannelKind kind);

  // ---- getters
  ChannelKind kind() const { return kind_; }
  /// Of a state channel.
  const RecordMap& records() const { return *records_; }
  const HistoryLimits& limits() const { return limits_; }
  const Epoch& epoch() const { return epoch_; }
  Offset floor() const { return floor_; }
  Offset top() const { return top_; }
  StreamPosition position() const { return {epoch_, top_}; }
  bool reaches(Offset offset) const { return floor_ <= offset && offset <= top_; }
  /// Entries with a publication; covers do not count.
  std::size_t publication_count() const {
    return entries_.empty() ? 0
                            : size_from(entries_.front().publications_before, publications_ever_);
  }
  /// Measure::Whole: what the entries keep in memory.
  std::size_t bytes() const {
    return entries_.empty() ? 0 : size_from(entries_.front().whole_before, whole_ever_);
  }
  /// The latest that was accepted for the channel or, on a state channel, for the record.
  const SourceVersion* latest_source_version(std::string_view key) const;
  /// Of a channel without records: the latest that was accepted at or below the floor.
  const std::optional<SourceVersion>& floor_source_version() const { return floor_version_; }
  /// Of a state channel: RecordMap::changes_floor() as it was when the floor was the top. What was
  /// forgotten since is needed by who applies the entries beyond the floor anew, and would else
  /// judge them differently.
  Offset floor_changes_floor() const { return floor_changes_floor_; }
  /// Of the entries beyond `offset`.
  std::size_t bytes_beyond(Offset offset, Measure measure) const;
  std::size_t size() const { return entries_.size(); }

  struct Entry {
    LogEntry entry;
    // Of all entries ever appended. Blocks are cut by the bytes.
    std::uint64_t published_before = 0;
    std::uint64_t whole_before = 0;
    std::uint64_t publications_before = 0;
    Offset changes_floor{};  // of the records, once it was applied
    std::uint64_t bytes_before(Measure measure) const {
      return measure == Measure::Whole ? whole_before : published_before;
    }
    const StreamRange& range() const { return entry.range; }
    const Publication* publication() const { return entry.publication.get(); }
  };
  const Entry& entry(std::size_t index) const { return entries_[index]; }
  /// Index of the first entry that ends beyond `offset`; size() when there is none.
  std::size_t first_beyond(Offset offset) const;
  /// The position before the `count`th latest publication; the floor when there are fewer.
  Offset start_of_latest(std::uint32_t count) const;
  /// When the oldest publication grows too old.
  std::optional<WallTime> next_expiry() const;

  // ---- commands
  /// Held to by the next enforce().
  void set_limits(const HistoryLimits& limits) { limits_ = limits; }
  /// Another stream, or the same one after a hole: begins empty at `floor`.
  void restart(Epoch epoch, Offset floor);
  /// Of a state channel: the records as of some place in the log, or beyond it.
  void load_records(std::vector<RecordVersion> records, Offset changes_floor);
  /// Of a channel without records, before anything is appended: the latest that was accepted at or
  /// below the floor. No trimming may take it away, or what comes late would pass for new.
  void load_source_version(std::optional<SourceVersion> version);
  /// The entry continues the log: it begins at the top (TIDEGATE_CHECK). No publication: a cover.
  void append(LogEntry entry);
  /// Drops what exceeds the limits, but nothing beyond `keep_beyond` as long as the excess is
  /// within limits::mirror_lag_entries_max and mirror_lag_bytes_max; signals that are too old are
  /// kept for nobody. Returns true when the floor moved.
  bool enforce(WallTime now, Offset keep_beyond);
  /// The keys of what stands there are in the window.
  void note_remembered(RememberedPlace place);
  /// Nothing but covers is left, and nobody needs them.
  void drop_covers();
  /// What was dropped since the last call, for a store that has to keep it: see StoreTrim.
  /// Collected only when it was asked for once.
  struct Dropped {
    std::vector<RecordVersion> records;  // as they are at the floor
    std::vector<RememberedPlace> remembered;
  };
  Dropped take_dropped();
  void collect_dropped() { collects_ = true; }

  static std::size_t bytes_of(const Publication& publication);

 private:
  static std::size_t size_from(std::uint64_t begin, std::uint64_t end) {
    return static_cast<std::size_t>(end - begin);
  }
  bool exceeds(WallTime now) const;
  bool is_too_old(WallTime now) const;  // the oldest
  void add(LogEntry entry);
  void drop_oldest();

  HistoryLimits limits_;
  ChannelKind kind_;
  std::unique_ptr<RecordMap> records_;  // of a state channel
  // Of a channel without records: the latest, and the latest at or below the floor.
  std::optional<SourceVersion> source_version_;
  std::optional<SourceVersion> floor_version_;
  Offset floor_changes_floor_;
  bool collects_ = false;
  std::map<std::string, RecordVersion> dropped_records_;
  std::deque<RememberedPlace> remembered_;  // not trimmed away yet
  Epoch epoch_;
  Offset floor_;
  Offset top_;
  std::deque<Entry> entries_;
  std::uint64_t published_ever_ = 0;
  std::uint64_t whole_ever_ = 0;
  std::uint64_t publications_ever_ = 0;
};

}  // namespace tidegate::relay
