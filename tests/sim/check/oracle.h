// The oracle's own book: what publishers meant to publish, and what each stream (channel and epoch)
// really accepted, judged by the oracle itself from the records the store holds, in their order. It
// is the yardstick of all checkers and shares no code with the core or the relay: plain integers
// and strings.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "tests/sim/check/key_book.h"
#include "tests/sim/check/record_book.h"

namespace tidegate::sim {

/// A channel of a tenant, by number.
struct ChannelRef {
  std::uint32_t tenant = 0;
  std::uint32_t channel = 0;
  auto operator<=>(const ChannelRef&) const = default;
};

/// What a publisher wants published, however often it has to say so.
struct Intent {
  ChannelRef channel;
  std::string payload;
  bool binary = false;
  std::string event;
  std::string event_id;
  std::string key;               // idempotency key
  bool must_be_refused = false;  // invalid on purpose: may never reach a stream
  RecordIntent record;           // of a state channel; of a log its source alone
  std::string tags;              // of a state channel: names this intent
  Instant made_at;               // whatever is published of it is not older
  /// It may be refused at one time and accepted at another.
  bool depends_on_its_turn() const {
    return record.if_version || record.source || record.action == RecordAction::Merge;
  }
};

struct AcceptedEntry {
  std::uint64_t offset = 0;
  std::uint64_t intent = 0;
};

/// One channel's life under one epoch.
struct OracleStream {
  ChannelRef channel;
  std::string epoch;
  std::vector<AcceptedEntry> accepted;  // in offset order
  std::uint64_t top = 0;                // of all records, accepted or covered
  std::uint64_t records = 0;
  /// Index of the first accepted entry after an offset.
  std::size_t first_after(std::uint64_t offset) const;
  /// The accepted entry at exactly this offset, or nullptr.
  const AcceptedEntry* at(std::uint64_t offset) const;
};

/// A record as it stands in the store, in the oracle's words.
struct RecordFacts {
  std::uint64_t offset = 0;
  std::string producer;
  std::string key;
  std::string event_id;
  std::optional<std::string> if_epoch;
  std::string payload;
  std::optional<SourceCount> source;
  std::int64_t time_ms = 0;
  std::int64_t window_ms = 0;  // for which the channel remembers keys
  // Of a state channel.
  bool is_record = false;
  bool by_relay = false;                // a delete of the relay's own: the record is too old
  std::optional<std::uint64_t> intent;  // as its tags say
  std::string record_key;
  std::optional<std::uint64_t> if_version;
  bool binary = false;
  std::int64_t ttl_ms = 0;  // of the channel's records; 0: they stay
  std::size_t records_max = 0;
  std::size_t deletes_max = 0;
};

class Oracle {
 public:
  std::uint64_t add_intent(Intent intent);
  const Intent& intent(std::uint64_t id) const { return intents_.at(id); }
  std::uint64_t intent_count() const { return intents_.size(); }
  /// The intent whose payload this is; nullopt when nobody ever meant to publish such bytes.
  std::optional<std::uint64_t> intent_of(std::string_view payload) const;

  // ---- what the store tells
  void stream_created(ChannelRef channel, const std::string& epoch);
  /// A reason when the record is not one that any publisher asked for.
  std::optional<std::string> record_landed(ChannelRef channel, const std::string& epoch,
                                           const RecordFacts& record);
  /// A crash lost the records above `top`, which were never reported to anyone.
  void records_lost(ChannelRef channel, const std::string& epoch, std::uint64_t top);

  /// Of a state channel.
  const RecordBook* find_records(ChannelRef channel, const std::string& epoch) const;
  /// The records of a channel under any of its epochs.
  void each_book(ChannelRef channel, const std::function<void(const RecordBook&)>& see) const;
  const OracleStream* find(ChannelRef channel, const std::string& epoch) const;
  /// The channel's latest epoch; empty when it never had a stream.
  const std::string& current_epoch(ChannelRef channel) const;
  /// Offset at which this stream accepted the intent last; nullopt when it has not.
  std::optional<std::uint64_t> accepted_at(ChannelRef channel, const std::string& epoch,
                                           std::uint64_t intent) const;
  /// A publish may be accepted again once its key is forgotten.
  bool was_accepted_at(ChannelRef channel, const std::string& epoch, std::uint64_t intent,
                       std::uint64_t offset) const;
  void each_stream(const std::function<void(const OracleStream&)>& see) const;

 private:
  using StreamKey = std::pair<ChannelRef, std::string>;
  struct Book {
    OracleStream stream;
    std::vector<std::pair<std::optional<std::uint64_t>, RecordFacts>> landed;  // with intents
    KeyBook keys;                                        // and event ids, of each producer
    std::map<std::uint64_t, std::uint64_t> accepted_at;  // by intent, the last time
    std::optional<SourceCount> latest_source;            // of a log
    RecordBook records;
  };
  /// Why the record is not one that its intent asked for; nullopt when it is.
  std::optional<std::string> misfit(ChannelRef channel, const RecordFacts& record) const;
  static std::optional<std::string> premature(const Book& book, const RecordFacts& record);
  static std::optional<std::string> repeated(const Book& book, std::uint64_t before,
                                             const RecordFacts& record);
  std::optional<std::uint64_t> author_of(const RecordFacts& record) const;
  void judge(Book& book, std::optional<std::uint64_t> intent, const RecordFacts& record) const;
  bool judge_record(Book& book, std::optional<std::uint64_t> intent,
                    const RecordFacts& record) const;

  std::vector<Intent> intents_;
  std::map<std::string, std::uint64_t, std::less<>> by_payload_;
  std::map<StreamKey, Book> books_;
  std::map<ChannelRef, std::string> current_;
  std::string none_;
};

}  // namespace tidegate::sim
