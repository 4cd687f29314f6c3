// Judging records: a record is accepted unless it expects another epoch or repeats a
// key or an event id of its producer.
#include "tests/sim/check/oracle.h"

#include <algorithm>

namespace tidegate::sim {

std::size_t OracleStream::first_after(std::uint64_t offset) const {
  const auto found =
      std::upper_bound(accepted.begin(), accepted.end(), offset,
                       [](std::uint64_t at, const AcceptedEntry& e) { return at < e.offset; });
  return static_cast<std::size_t>(found - accepted.begin());
}

const AcceptedEntry* OracleStream::at(std::uint64_t offset) const {
  const std::size_t after = first_after(offset);
  if (after == 0 || accepted[after - 1].offset != offset) return nullptr;
  return &accepted[after - 1];
}

std::uint64_t Oracle::add_intent(Intent intent) {
  const std::uint64_t id = intents_.size();
  by_payload_.emplace(intent.payload, id);
  intents_.push_back(std::move(intent));
  return id;
}

std::optional<std::uint64_t> Oracle::intent_of(std::string_view payload) const {
  const auto found = by_payload_.find(payload);
  if (found == by_payload_.end()) return std::nullopt;
  return found->second;
}

void Oracle::stream_created(ChannelRef channel, const std::string& epoch) {
  Book& book = books_[{channel, epoch}];
  book.stream.channel = channel;
  book.stream.epoch = epoch;
  current_[channel] = epoch;
}

std::optional<std::string> Oracle::record_landed(ChannelRef channel, const std::string& epoch,
                                                 const RecordFacts& record) {
  const auto found = books_.find({channel, epoch});
  if (found == books_.end()) return "a record was appended to a stream that was never created";
  const auto intent = intent_of(record.payload);
  if (!intent) return "a record was appended with a payload that nobody published";
  if (intents_[*intent].channel != channel) return "a record was appended to another channel";
  if (intents_[*intent].must_be_refused) return "a publish that had to be refused was appended";
  if (record.offset <= found->second.stream.top) return "an offset was handed out twice";
  RecordFacts kept = record;
  kept.payload.clear();
  const std::size_t before = found->second.accepted_at.size();
  const std::size_t accepted = found->second.stream.accepted.size();
  judge(found->second, *intent, kept);
  if (found->second.stream.accepted.size() > accepted &&
      found->second.accepted_at.size() == before) {
    return "one publish was accepted twice in one stream";
  }
  return std::nullopt;
}

void Oracle::judge(Book& book, std::uint64_t intent, const RecordFacts& record) {
  book.records.emplace_back(intent, record);
  book.stream.top = record.offset;
  book.stream.records = book.records.size();
  if (record.if_epoch && *record.if_epoch != book.stream.epoch) return;
  const std::pair key{record.producer, "key:" + record.key};
  const std::pair event_id{record.producer, "event:" + record.event_id};
  // A repetition is a duplicate or a conflict; neither is a publication.
  if (!record.key.empty() && book.seen.contains(key)) return;
  if (!record.event_id.empty() && book.seen.contains(event_id)) return;
  book.seen.insert(key);
  book.seen.insert(event_id);
  book.stream.accepted.push_back({record.offset, intent});
  book.accepted_at.try_emplace(intent, record.offset);
}

void Oracle::records_lost(ChannelRef channel, const std::string& epoch, std::uint64_t top) {
  Book& book = books_.at({channel, epoch});
  auto records = std::move(book.records);
  book = Book{{channel, epoch, {}, 0, 0}, {}, {}, {}};
  for (auto& [intent, record] : records) {
    if (record.offset <= top) judge(book, intent, record);
  }
}

const OracleStream* Oracle::find(ChannelRef channel, const std::string& epoch) const {
  const auto found = books_.find({channel, epoch});
  return found == books_.end() ? nullptr : &found->second.stream;
}

void Oracle::each_stream(const std::function<void(const OracleStream&)>& see) const {
  for (const auto& [key, book] : books_) see(book.stream);
}

const std::string& Oracle::current_epoch(ChannelRef channel) const {
  const auto found = current_.find(channel);
  return found == current_.end() ? none_ : found->second;
}

std::optional<std::uint64_t> Oracle::accepted_at(ChannelRef channel, const std::string& epoch,
                                                 std::uint64_t intent) const {
  const auto book = books_.find({channel, epoch});
  if (book == books_.end()) return std::nullopt;
  const auto found = book->second.accepted_at.find(intent);
  if (found == book->second.accepted_at.end()) return std::nullopt;
  return found->second;
}

}  // namespace tidegate::sim
