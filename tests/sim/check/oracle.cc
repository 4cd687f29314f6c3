// Judging records: a record is accepted unless it expects another epoch, repeats a key or an event
// id of its producer, counts backwards, or cannot be carried out; then it never is, under its key.
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
  if (intent.record.action == RecordAction::None) by_payload_.emplace(intent.payload, id);
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

std::optional<std::uint64_t> Oracle::author_of(const RecordFacts& record) const {
  if (record.by_relay) return std::nullopt;
  return record.is_record ? record.intent : intent_of(record.payload);
}

std::optional<std::string> Oracle::misfit(ChannelRef channel, const RecordFacts& record) const {
  const auto author = author_of(record);
  if (!author || *author >= intents_.size()) {
    return "a record was appended with a payload that nobody published";
  }
  const Intent& intent = intents_[*author];
  if (intent.channel != channel) return "a record was appended to another channel";
  if (intent.must_be_refused) return "a publish that had to be refused was appended";
  const bool same = intent.payload == record.payload && intent.record.key == record.record_key &&
                    intent.record.if_version == record.if_version &&
                    intent.record.source == record.source;
  if (!same) return "a record was appended that is not what was published";
  return std::nullopt;
}

/// Why the relay may not delete this record for its age.
std::optional<std::string> Oracle::premature(const Book& book, const RecordFacts& record) {
  if (!record.if_version) return "the relay deletes a record without a condition";
  const RecordState* state = book.records.at(record.record_key, *record.if_version);
  if (state == nullptr) return "the relay deletes a record that never was";
  if (record.ttl_ms == 0 || record.time_ms - state->time_ms < record.ttl_ms) {
    return "the relay deletes a record that is not too old";
  }
  return std::nullopt;
}

std::optional<std::string> Oracle::record_landed(ChannelRef channel, const std::string& epoch,
                                                 const RecordFacts& record) {
  const auto found = books_.find({channel, epoch});
  if (found == books_.end()) return "a record was appended to a stream that was never created";
  Book& book = found->second;
  const auto wrong = record.by_relay ? premature(book, record) : misfit(channel, record);
  if (wrong) return wrong;
  if (record.offset <= book.stream.top) return "an offset was handed out twice";
  RecordFacts kept = record;
  kept.payload.clear();
  const auto author = author_of(record);
  const std::size_t accepted = book.stream.accepted.size();
  const auto before = author ? accepted_at(channel, epoch, *author) : std::nullopt;
  judge(book, author, kept);
  const bool is_again = before && book.stream.accepted.size() > accepted;
  return is_again ? repeated(book, *before, record) : std::nullopt;
}

/// Why a publish may not have been accepted again that was accepted at `before`.
std::optional<std::string> Oracle::repeated(const Book& book, std::uint64_t before,
                                            const RecordFacts& record) {
  // Shards stamp what they are given, and the owner takes it in the order in which it comes.
  constexpr std::int64_t kDisorderMs = 1000;
  const auto first = std::find_if(book.landed.rbegin(), book.landed.rend(),
                                  [&](const auto& one) { return one.second.offset == before; });
  const bool is_repeatable = !record.key.empty() || !record.event_id.empty();
  if (is_repeatable && record.time_ms - first->second.time_ms + kDisorderMs > record.window_ms) {
    return std::nullopt;
  }
  return "one publish was accepted twice in one stream";
}

void Oracle::judge(Book& book, std::optional<std::uint64_t> intent,
                   const RecordFacts& record) const {
  book.landed.emplace_back(intent, record);
  book.stream.top = record.offset;
  book.stream.records = book.landed.size();
  if (record.if_epoch && *record.if_epoch != book.stream.epoch) return;
  // A repetition is a duplicate or a conflict; neither is a publication.
  std::vector<std::string> keys;
  if (!record.key.empty()) keys.push_back(record.producer + " key:" + record.key);
  if (!record.event_id.empty()) keys.push_back(record.producer + " event:" + record.event_id);
  for (const std::string& key : keys) {
    if (book.keys.has_accepted(key, record.time_ms, record.window_ms)) return;
  }
  const bool can_repeat = intent && !record.key.empty();
  if (can_repeat &&
      book.keys.has_refused(keys.front(), *intent, record.time_ms, record.window_ms)) {
    return;
  }
  const bool is_possible = record.is_record ? judge_record(book, intent, record)
                                            : !is_stale(record.source, book.latest_source);
  if (!is_possible) {
    if (can_repeat) {
      book.keys.refuse(keys.front(), *intent, record.time_ms, record.window_ms);
    }
    return;
  }
  if (record.source) book.latest_source = record.source;
  for (const std::string& key : keys) book.keys.accept(key, record.time_ms, record.window_ms);
  if (!intent) return;
  book.stream.accepted.push_back({record.offset, *intent});
  book.accepted_at[*intent] = record.offset;
}

bool Oracle::judge_record(Book& book, std::optional<std::uint64_t> intent,
                          const RecordFacts& record) const {
  RecordBook::Turn turn{record.offset,      record.time_ms, record.records_max,
                        record.deletes_max, record.binary,  {}};
  if (intent) {
    turn.payload = intents_[*intent].payload;
    return book.records.judge(intents_[*intent].record, turn);
  }
  RecordIntent expiry;
  expiry.action = RecordAction::Delete;
  expiry.key = record.record_key;
  expiry.if_version = record.if_version;
  return book.records.judge(expiry, turn);
}

void Oracle::records_lost(ChannelRef channel, const std::string& epoch, std::uint64_t top) {
  Book& book = books_.at({channel, epoch});
  auto landed = std::move(book.landed);
  book = Book();
  book.stream = {channel, epoch, {}, 0, 0};
  for (auto& [intent, record] : landed) {
    if (record.offset <= top) judge(book, intent, record);
  }
}

const RecordBook* Oracle::find_records(ChannelRef channel, const std::string& epoch) const {
  const auto found = books_.find({channel, epoch});
  return found == books_.end() ? nullptr : &found->second.records;
}

void Oracle::each_book(ChannelRef channel,
                       const std::function<void(const RecordBook&)>& see) const {
  for (auto at = books_.lower_bound({channel, ""}); at != books_.end(); ++at) {
    if (at->first.first != channel) return;
    see(at->second.records);
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

bool Oracle::was_accepted_at(ChannelRef channel, const std::string& epoch, std::uint64_t intent,
                             std::uint64_t offset) const {
  const OracleStream* stream = find(channel, epoch);
  const AcceptedEntry* entry = stream == nullptr ? nullptr : stream->at(offset);
  return entry != nullptr && entry->intent == intent;
}

}  // namespace tidegate::sim
