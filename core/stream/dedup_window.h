// Remembers the most recent ids, a bounded number of them, and answers whether one was seen before.
// Used where one event may come by two ways: a listener registered on several channels. Streams
// never deduplicate across channels, and within a channel the cursor's offsets already do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/hash.h"

namespace tidegate {

class DedupWindow {
 public:
  /// Remembers the last `capacity` ids that were admitted (at least one). `seed` keys the hash (see
  /// hash128). Memory grows with use, up to 48 bytes for each id.
  DedupWindow(std::size_t capacity, std::uint64_t seed);

  /// True the first time; false while the id is within the window.
  bool admit(std::string_view id);
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  void clear();

 private:
  std::size_t slot_of(Hash128 hash) const;
  void grow_table();
  void forget_oldest();

  std::size_t capacity_;
  std::uint64_t seed_;
  std::vector<Hash128> table_;  // open addressing, linear probing; {0,0} is empty
  std::vector<Hash128> order_;  // ring of what was admitted, oldest at head_
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tidegate
