// The oracle's records of one state channel: every version that every record ever had, folded from
// the publications that were accepted, in their order, by the oracle's own rules (docs/PROTOCOL.md,
// section 8). It shares no code with the core: an intent carries its fields beside its payload, so
// nothing is parsed here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegate::sim {

/// A top-level field: what its name means, how that is spelled, and its value as it stands.
struct RecordField {
  std::string name;
  std::string spelled;
  std::string value;
};
using RecordFields = std::vector<RecordField>;

enum class RecordAction : std::uint8_t { None, Set, Merge, Delete };

/// A publisher's own count (source epoch and number).
using SourceCount = std::pair<std::string, std::uint64_t>;

/// What does not exceed the latest count of the same source is dropped.
inline bool is_stale(const std::optional<SourceCount>& source,
                     const std::optional<SourceCount>& latest) {
  return source && latest && latest->first == source->first && latest->second >= source->second;
}

/// What a publish wants to do to a record; the rest of it stands in Intent. (A publication of a log
/// may have a source, and nothing else of this.)
struct RecordIntent {
  RecordAction action = RecordAction::None;
  std::string key;
  std::optional<RecordFields> fields;  // nullopt: a record that is no object
  std::vector<std::string> unset;      // names, of a merge
  std::uint32_t mark = 0;              // stands in its tags
  std::optional<std::uint64_t> if_version;
  std::optional<SourceCount> source;
};

/// A record from one version to the next.
struct RecordState {
  std::uint64_t version = 0;
  bool exists = false;
  bool binary = false;
  std::string payload;
  std::optional<RecordFields> fields;
  std::uint32_t mark = 0;
  std::int64_t time_ms = 0;  // when its publication was stamped
  std::optional<SourceCount> source;
};

class RecordBook {
 public:
  struct Change {
    std::uint64_t version = 0;
    std::string key;
  };
  /// A publication whose turn has come.
  struct Turn {
    std::uint64_t offset = 0;
    std::int64_t time_ms = 0;
    std::size_t records_max = 0;
    std::size_t deletes_max = 0;  // so many are remembered, and what their publishers counted
    bool binary = false;
    std::string_view payload;
  };

  /// True when it is accepted; then it is carried out.
  bool judge(const RecordIntent& intent, const Turn& turn);

  /// The record as it was made by the publication at exactly this offset; nullptr: by none.
  const RecordState* at(const std::string& key, std::uint64_t version) const;
  /// The latest at or below this offset, deleted or not; nullptr when there had been none.
  const RecordState* as_of(const std::string& key, std::uint64_t offset) const;
  /// All versions of a record, ascending; nullptr when it never was.
  const std::vector<RecordState>* history(const std::string& key) const;
  const std::vector<Change>& changes() const { return changes_; }
  /// Index of the first change beyond an offset.
  std::size_t first_change_after(std::uint64_t offset) const;
  std::uint64_t top() const { return changes_.empty() ? 0 : changes_.back().version; }
  const std::map<std::string, std::vector<RecordState>>& all() const { return by_key_; }
  std::size_t existing() const { return existing_; }

 private:
  void note_deletes(const std::string& key, const RecordState* before, const RecordState& after);
  static bool operate(const RecordIntent& intent, const RecordState* before, RecordState& after);

  std::map<std::string, std::vector<RecordState>> by_key_;
  std::vector<Change> changes_;
  std::map<std::uint64_t, std::string> deleted_;  // by version; the remembered ones
  std::size_t existing_ = 0;
};

}  // namespace tidegate::sim
