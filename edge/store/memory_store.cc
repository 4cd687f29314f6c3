#include "edge/store/memory_store.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "core/base/hash.h"
#include "core/base/limits.h"

namespace tidegate::store {

using relay::AppendDurable;
using relay::AppendedRecord;
using relay::AppendUnknown;

struct MemoryStore::Stream {
  Epoch epoch;
  Offset floor;
  Offset top;
  std::optional<SourceVersion> source_version;  // at the floor
  std::uint64_t release = 0;                    // number of the release; 0: in use
  std::deque<AppendedRecord> records;
};

MemoryStore::MemoryStore(std::uint64_t entropy) : entropy_(entropy) {}
MemoryStore::~MemoryStore() = default;

Result<relay::StoreOpened> MemoryStore::open(const relay::ChannelKey& key) {
  std::unique_ptr<Stream>& stream = streams_[key];
  if (stream == nullptr) {
    stream = std::make_unique<Stream>();
    std::uint64_t state = entropy_ + ++streams_created_;
    stream->epoch = Epoch::from_entropy(split_mix64(state));
  }
  released_.erase(std::exchange(stream->release, 0));
  // Nothing is released while records are held, so none have to be kept here.
  return relay::StoreOpened{
      {stream->epoch, stream->top}, stream->floor, stream->floor, {}, stream->source_version};
}

relay::AppendResult MemoryStore::append(const relay::StoreAppend& append) {
  const auto found = streams_.find(*append.key);
  if (found == streams_.end()) {
    return AppendUnknown{};
  }
  Stream& stream = *found->second;
  if (append.expected_top != StreamPosition{stream.epoch, stream.top}) {
    return AppendUnknown{};
  }
  AppendDurable durable;
  durable.ranges.reserve(append.records.size());
  for (const relay::LogRecordPtr& record : append.records) {
    const StreamRange range{stream.top, Offset{stream.top.value + 1}};
    stream.records.push_back(AppendedRecord{range, record});
    stream.top = range.offset;
    durable.ranges.push_back(range);
  }
  return durable;
}

Result<relay::StoreReadResult> MemoryStore::read(const relay::StoreRead& read) {
  const auto found = streams_.find(*read.key);
  if (found == streams_.end()) {
    return Error{ErrorCode::NotFound, "the stream does not exist: open it first", 0};
  }
  const Stream& stream = *found->second;
  relay::StoreReadResult result;
  result.top = {stream.epoch, stream.top};
  if (read.after.epoch != stream.epoch) {
    return result;  // the reader sees by the epoch that it has to begin anew
  }
  if (read.after.offset < stream.floor) {
    return Error{ErrorCode::NotFound, "history no longer reaches there: open the stream again", 0};
  }
  auto from = std::partition_point(
      stream.records.begin(), stream.records.end(),
      [&read](const AppendedRecord& entry) { return entry.range.offset <= read.after.offset; });
  for (; from != stream.records.end() && result.records.size() < read.entries_max; ++from) {
    result.records.push_back(*from);
  }
  return result;
}

Result<relay::StoreRecordsResult> MemoryStore::read_records(const relay::StoreReadRecords& read) {
  const auto found = streams_.find(*read.key);
  if (found == streams_.end()) {
    return Error{ErrorCode::NotFound, "the stream does not exist: open it first", 0};
  }
  relay::StoreRecordsResult result;
  result.floor = {found->second->epoch, found->second->floor};
  return result;
}

void MemoryStore::trim(const relay::StoreTrim& trim) {
  const auto found = streams_.find(*trim.key);
  if (found == streams_.end()) {
    return;
  }
  Stream& stream = *found->second;
  while (!stream.records.empty() && stream.records.front().range.offset <= trim.floor) {
    stream.floor = stream.records.front().range.offset;
    stream.records.pop_front();
  }
  stream.source_version = trim.source_version;
}

void MemoryStore::release(const relay::ChannelKey& key) {
  const auto found = streams_.find(key);
  if (found == streams_.end() || found->second->release != 0) {
    return;
  }
  Stream& stream = *found->second;
  if (stream.top == Offset{}) {
    streams_.erase(found);
  } else if (stream.records.empty()) {
    stream.release = ++releases_;
    released_.emplace(stream.release, key);
    forget_longest_idle();
  }
}

void MemoryStore::forget_longest_idle() {
  while (released_.size() > limits::idle_streams_in_memory_max) {
    streams_.erase(released_.begin()->second);
    released_.erase(released_.begin());
  }
}

}  // namespace tidegate::store
