// Deadlines of many small things, one for each: a binary heap that knows where every key stands, so
// that a deadline is moved in place and nothing stale is kept. Tens of thousands of sessions cost
// 20 bytes each, and asking for the next deadline costs nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/time.h"

namespace tidegate::relay {

class DeadlineQueue {
 public:
  /// Keys are small numbers (slots): memory is that of the largest.
  void set(std::uint32_t key, Instant at);
  void clear(std::uint32_t key);
  void set_or_clear(std::uint32_t key, std::optional<Instant> at) {
    at.has_value() ? set(key, *at) : clear(key);
  }
  std::optional<Instant> next() const;
  /// Takes out one key whose deadline has come.
  std::optional<std::uint32_t> pop_due(Instant now);
  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Instant at;
    std::uint32_t key;
  };
  static bool earlier(const Entry& left, const Entry& right);
  void place(std::size_t index, Entry entry);
  void rise(std::size_t index, Entry entry);
  void sink(std::size_t index, Entry entry);
  void remove(std::size_t index);

  static constexpr std::uint32_t kAbsent = 0xFFFFFFFF;
  std::vector<Entry> heap_;
  std::vector<std::uint32_t> places_;  // by key
};

}  // namespace tidegate::relay
