// Event names as small numbers. A name is told to the application once and then only its number
// appears in the row table. The table is bounded: when it is full, the oldest name gives its number
// to the new one, which is announced again. Numbers in use by the block at hand are never given
// away, so that a row always means the name that was announced last before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/limits.h"
#include "core/client/event.h"
#include "core/client/output_queue.h"

namespace tidegate {

class EventNames {
 public:
  explicit EventNames(std::uint64_t seed) : seed_(seed) {}

  /// Numbers asked for from here on stay as they are until the next block begins.
  void begin_block() { ++block_; }
  /// The name's number; pushes EventNamed when it is new.
  std::uint32_t intern(std::string_view name, OutputQueue<Event>& events);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string name;
    std::uint32_t next = 0;   // in its bucket
    std::uint64_t block = 0;  // in which it was used last
  };

  std::uint32_t& bucket_of(std::string_view name);
  std::uint32_t take_number();

  std::uint64_t seed_;
  std::uint64_t block_ = 0;
  std::vector<std::uint32_t> buckets_;
  std::vector<Entry> entries_;
  std::uint32_t oldest_ = 0;  // the number that is given away next
};

// Else a block could hold more names than there are numbers.
static_assert(limits::event_names_per_client_max >= limits::block_event_names_max);

}  // namespace tidegate
