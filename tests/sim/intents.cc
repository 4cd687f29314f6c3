// Payloads of all sizes, JSON and binary.
#include "tests/sim/intents.h"

#include "core/base/limits.h"

namespace tidegate::sim {

Intent IntentMaker::begin(ChannelRef channel, std::string key) const {
  Intent intent;
  intent.channel = channel;
  intent.key = std::move(key);
  intent.made_at = context_.queue.now();
  return intent;
}

Intent IntentMaker::draft(ChannelRef channel, std::string key, std::string event_id) {
  const auto& workload = context_.options.workload;
  Intent intent = begin(channel, std::move(key));
  intent.event_id = std::move(event_id);
  if (directory_.channel(channel.channel).kind == SimChannelKind::State) {
    records_.draft(intent);
    return intent;
  }
  draft_source(intent);
  const std::uint64_t kind = prng_.below(4);
  if (kind != 0) intent.event = "thing." + std::to_string(kind);
  const std::string number = std::to_string(oracle_.intent_count());
  // Mostly small, sometimes as large as the run allows.
  const std::size_t pad_max = prng_.one_in(8) ? workload.payload_bytes_max : 40;
  const std::string pad(prng_.below(pad_max + 1), 'x');
  intent.binary = prng_.one_in(workload.binary_one_in);
  if (intent.binary) {
    intent.payload = std::string("\0\xFF", 2) + number + ":" + pad;
  } else if (prng_.one_in(8)) {
    intent.payload = number;
  } else {
    intent.payload = R"({"n":)" + number + R"(,"pad":")" + pad + R"(","deep":[[null,true]]})";
  }
  return intent;
}

/// A publisher's own count, now and then one that comes late, or of another source.
void IntentMaker::draft_source(Intent& intent) {
  const SimChannelKind kind = directory_.channel(intent.channel.channel).kind;
  const bool may_count = kind == SimChannelKind::Room || kind == SimChannelKind::Tiny;
  if (!may_count || !counting_.one_in(context_.options.workload.log_source_one_in)) return;
  std::uint64_t& count = counts_[intent.channel];
  ++count;
  const std::uint64_t late = counting_.one_in(3) ? counting_.below(3) : 0;
  intent.record.source = {counting_.one_in(16) ? "other" : "source",
                          count > late ? count - late : 0};
}

std::uint64_t IntentMaker::make(ChannelRef channel, std::string key, std::string event_id) {
  return oracle_.add_intent(draft(channel, std::move(key), std::move(event_id)));
}

std::uint64_t IntentMaker::make_set(ChannelRef channel, std::string key,
                                    const std::string& record_key) {
  Intent intent = begin(channel, std::move(key));
  records_.draft_set(intent, record_key);
  return oracle_.add_intent(std::move(intent));
}

std::uint64_t IntentMaker::make_delete(ChannelRef channel, std::string key,
                                       const std::string& record_key) {
  Intent intent = begin(channel, std::move(key));
  records_.draft_delete(intent, record_key);
  return oracle_.add_intent(std::move(intent));
}

bool IntentMaker::may_repeat(std::uint64_t id) const {
  const Intent& intent = oracle_.intent(id);
  if (intent.depends_on_its_turn()) return false;
  const bool is_record = intent.record.action != RecordAction::None;
  return !is_record || context_.options.workload.records_max == 0;
}

std::uint64_t IntentMaker::make_invalid(ChannelRef channel, std::string key) {
  Intent intent = draft(channel, std::move(key), "");
  intent.must_be_refused = true;
  intent.binary = false;
  if (intent.record.action != RecordAction::None) intent.record.action = RecordAction::Set;
  const std::string number = std::to_string(oracle_.intent_count());
  switch (prng_.below(4)) {
    case 0:
      intent.payload = R"({"n":)" + number;
      break;  // cut off
    case 1:
      intent.payload = number + " " + number;
      break;  // two values
    case 2:
      intent.payload = "\"" + number + "\xC3\x28\"";
      break;  // not UTF-8
    default:
      intent.payload =
          "\"" + number + std::string(limits::publication_payload_bytes_max, 'y') + "\"";
  }
  return oracle_.add_intent(std::move(intent));
}

std::uint64_t IntentMaker::make_forbidden(ChannelRef channel, std::string key) {
  Intent intent = draft(channel, std::move(key), "");
  intent.must_be_refused = true;
  return oracle_.add_intent(std::move(intent));
}

PublicationDraft draft_of(const Intent& intent) {
  PublicationDraft draft;
  draft.payload_kind = intent.binary ? PayloadKind::Binary : PayloadKind::Json;
  draft.event = intent.event;
  draft.event_id = intent.event_id;
  draft.idempotency_key = intent.key;
  draft.payload.assign(intent.payload.begin(), intent.payload.end());
  const RecordIntent& record = intent.record;
  if (record.source) {
    draft.source_version = SourceVersion{record.source->first, record.source->second};
  }
  if (record.action == RecordAction::None) return draft;
  draft.operation = record.action == RecordAction::Set     ? Operation::Set
                    : record.action == RecordAction::Merge ? Operation::Merge
                                                           : Operation::Delete;
  draft.key = record.key;
  draft.tags = intent.tags;
  if (record.if_version) draft.if_version = Offset{*record.if_version};
  return draft;
}

}  // namespace tidegate::sim
