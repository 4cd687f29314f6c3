// A ring of hashes in order of admission beside an open-addressing table of the same hashes. Both
// grow with use, so that the window of a quiet listener costs next to nothing.
#include "core/stream/dedup_window.h"

#include <algorithm>

namespace tidegate {
namespace {

constexpr std::size_t kTableSlotsMin = 16;
constexpr Hash128 kEmpty{};

}  // namespace

DedupWindow::DedupWindow(std::size_t capacity, std::uint64_t seed)
    : capacity_(std::max<std::size_t>(capacity, 1)), seed_(seed) {}

bool DedupWindow::admit(std::string_view id) {
  Hash128 hash = hash128(id, seed_);
  if (hash == kEmpty) hash.low = 1;  // {0,0} marks an empty slot
  if (!table_.empty() && table_[slot_of(hash)] == hash) return false;

  if (size_ == capacity_) forget_oldest();
  if ((size_ + 1) * 2 > table_.size()) grow_table();
  table_[slot_of(hash)] = hash;
  if (order_.size() < capacity_) {
    order_.push_back(hash);
  } else {
    order_[(head_ + size_) % capacity_] = hash;
  }
  ++size_;
  return true;
}

void DedupWindow::clear() {
  table_.clear();
  order_.clear();
  head_ = 0;
  size_ = 0;
}

/// Where the hash stands, or the empty slot where it belongs. There always is one: at most half of
/// the table is full.
std::size_t DedupWindow::slot_of(Hash128 hash) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(hash.low) & mask;
  while (table_[slot] != kEmpty && table_[slot] != hash) slot = (slot + 1) & mask;
  return slot;
}

void DedupWindow::grow_table() {
  table_.assign(std::max(kTableSlotsMin, table_.size() * 2), kEmpty);
  for (std::size_t i = 0; i < size_; ++i) {
    const Hash128 hash = order_[(head_ + i) % order_.size()];
    table_[slot_of(hash)] = hash;
  }
}

/// Deletes without tombstones: what stands behind the hole moves up if it may (Knuth 6.4, algorithm
/// R).
void DedupWindow::forget_oldest() {
  const std::size_t mask = table_.size() - 1;
  std::size_t hole = slot_of(order_[head_]);
  for (std::size_t slot = (hole + 1) & mask; table_[slot] != kEmpty; slot = (slot + 1) & mask) {
    const std::size_t home = static_cast<std::size_t>(table_[slot].low) & mask;
    if (((slot - home) & mask) >= ((slot - hole) & mask)) {
      table_[hole] = table_[slot];
      hole = slot;
    }
  }
  table_[hole] = kEmpty;
  head_ = (head_ + 1) % capacity_;
  --size_;
}

}  // namespace tidegate
