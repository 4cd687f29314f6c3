// The records of a state channel as they are: by key, and in the order of their versions. The owner
// and every mirror hold one; the records themselves are shared. Deleted records stay as tombstones,
// a bounded number of them, so that a reader who was away learns of them; changes are known from
// changes_floor() on.
//
// A newer version replaces an older one and never the other way round, so it does not matter
// whether a change comes once or twice.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/relay/log_record.h"

namespace tidegate::relay {

class RecordMap {
 public:
  /// `deletes_max`: so many are remembered.
  explicit RecordMap(std::size_t deletes_max) : deletes_max_(deletes_max) {}
  RecordMap(const RecordMap&) = delete;
  RecordMap& operator=(const RecordMap&) = delete;

  struct Node {
    Offset version;
    PublicationPtr record;  // a set, or a delete (a tombstone)
    std::uint64_t digest = 0;
    const std::string* key = nullptr;
    Node* older = nullptr;
    Node* newer = nullptr;
    bool exists() const { return record->operation == Operation::Set; }
  };

  // ---- getters
  /// Records that exist.
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t tombstones() const { return by_key_.size() - size_; }
  Offset changes_floor() const { return changes_floor_; }
  /// Of the records that exist (core/merge/record_digest.h).
  std::uint64_t digest() const { return digest_; }
  /// nullptr when nothing is known of the key; a tombstone is returned.
  const Node* find(std::string_view key) const;
  /// The first with a key above `key`, or from the first of all; tombstones too.
  const Node* next_after(std::string_view key) const;
  const Node* oldest() const { return oldest_; }
  const Node* newest() const { return newest_; }
  /// What the changes beyond `from` cost on the wire; counting stops above `enough`.
  std::size_t change_bytes(Offset from, std::size_t enough) const;
  /// All, oldest version first.
  std::vector<RecordVersion> versions() const;

  // ---- commands
  void clear(Offset changes_floor);
  /// A set or a delete. False when what is held is as new or newer.
  bool put(Offset version, PublicationPtr record);
  /// Replaces everything; in any order.
  void load(std::vector<RecordVersion> versions, Offset changes_floor);
  /// As if all deletes up to here were long ago.
  void forget_deletes(Offset up_to);

  static std::size_t bytes_of(const Publication& record);

 private:
  struct Deleted {
    Offset version;
    std::string key;
  };
  void link_newest(Node& node);
  void unlink(Node& node);
  void count(const Node& node, bool arrives);
  void forget_oldest_deletes();
  void remove(const std::string& key);
  bool is_tombstone(const Deleted& deleted) const;

  std::size_t deletes_max_;
  std::map<std::string, Node, std::less<>> by_key_;
  Node* oldest_ = nullptr;
  Node* newest_ = nullptr;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t digest_ = 0;
  Offset changes_floor_;
  std::deque<Deleted> deleted_;  // oldest first; some have been set again since
};

}  // namespace tidegate::relay
