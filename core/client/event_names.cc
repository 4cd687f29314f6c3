#include "core/client/event_names.h"

#include "core/base/hash.h"

namespace tidegate {

namespace {

constexpr std::size_t kBuckets = 1024;
constexpr std::uint32_t kEnd = 0xFFFFFFFF;

}  // namespace

std::uint32_t& EventNames::bucket_of(std::string_view name) {
  if (buckets_.empty()) {
    buckets_.assign(kBuckets, kEnd);
  }
  return buckets_[hash_bytes(name, seed_) % kBuckets];
}

std::uint32_t EventNames::intern(std::string_view name, OutputQueue<Event>& events) {
  for (std::uint32_t at = bucket_of(name); at != kEnd; at = entries_[at].next) {
    if (entries_[at].name == name) {
      entries_[at].block = block_;
      return at;
    }
  }
  const std::uint32_t number = take_number();
  std::uint32_t& bucket = bucket_of(name);
  Entry& entry = entries_[number];
  entry.name = std::string(name);
  entry.next = bucket;
  entry.block = block_;
  bucket = number;
  events.push(EventNamed{number, entry.name});
  return number;
}

std::uint32_t EventNames::take_number() {
  if (entries_.size() < limits::event_names_per_client_max) {
    entries_.emplace_back();
    return static_cast<std::uint32_t>(entries_.size() - 1);
  }
  while (entries_[oldest_].block == block_) {
    oldest_ = (oldest_ + 1) % static_cast<std::uint32_t>(entries_.size());
  }
  const std::uint32_t number = oldest_;
  oldest_ = (oldest_ + 1) % static_cast<std::uint32_t>(entries_.size());
  std::uint32_t* link = &bucket_of(entries_[number].name);
  while (*link != number) {
    link = &entries_[*link].next;
  }
  *link = entries_[number].next;
  return number;
}

}  // namespace tidegate
