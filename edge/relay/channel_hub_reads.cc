// Reads from outside a connection: they wait for the mirror like a subscribe, are decided by the
// same rules, and take what they want out of the mirror's log or records.
#include <algorithm>
#include <utility>

#include "edge/relay/channel_hub.h"
#include "edge/relay/view_rows.h"

namespace tidegate::relay {
namespace {

std::string text_of(const Epoch& epoch, Offset offset) {
  return epoch.token() + ":" + std::to_string(offset.value);
}

/// A page grows until it has as many rows, or bytes, as it may.
class PageFiller {
 public:
  PageFiller(ReadPage& page, std::uint32_t limit)
      : page_(page), rows_max_(std::min(limit, limits::read_rows_max)) {}
  /// False, and the page has more behind it, when it is full.
  bool add(Offset offset, const PublicationPtr& publication) {
    bytes_ += RecordMap::bytes_of(*publication);
    const bool is_over = !page_.rows.empty() && bytes_ > limits::read_bytes_max;
    if (page_.rows.size() >= rows_max_ || is_over) {
      page_.more = true;
      return false;
    }
    page_.rows.push_back(ReadRow{offset, publication});
    return true;
  }

 private:
  ReadPage& page_;
  std::size_t rows_max_;
  std::size_t bytes_ = 0;
};

ReadPage begin_page(const ChannelLog& log) {
  ReadPage page;
  page.kind = log.kind();
  page.epoch = log.epoch();
  page.to = page.top = log.top();
  return page;
}

ReadResult read_history(const ChannelLog& log, const HistoryRange& range, Offset from,
                        const ViewProgram& program) {
  if (!log.reaches(from)) {
    // Of a state channel the changes are known from further back than the publications.
    return Error{ErrorCode::HistoryExceeded,
                 "what followed " + text_of(log.epoch(), from) + " is not kept any more; from " +
                     text_of(log.epoch(), log.floor()) + " on it is",
                 0};
  }
  ReadPage page = begin_page(log);
  page.from = from;
  PageFiller filler(page, range.limit);
  for (std::size_t i = log.first_beyond(from); i < log.size(); ++i) {
    const LogEntry& entry = log.entry(i).entry;
    const PublicationPtr seen = visible_publication(entry, log.kind(), program);
    if (seen != nullptr && !filler.add(entry.range.offset, seen)) {
      page.to = page.rows.empty() ? from : page.rows.back().offset;
      break;
    }
  }
  return page;
}

ReadPage read_records(const ChannelLog& log, const RecordsRange& range,
                      const ViewProgram& program) {
  ReadPage page = begin_page(log);
  PageFiller filler(page, range.limit);
  const RecordMap::Node* node = log.records().next_after(range.after_key);
  for (; node != nullptr; node = log.records().next_after(*node->key)) {
    const PublicationPtr seen = node->exists() ? program.visible(node->record) : nullptr;
    if (seen != nullptr && !filler.add(node->version, seen)) {
      break;
    }
  }
  return page;
}

/// What a position that cannot be gone on from is to be told.
Error lost(const ChannelLog& log, SnapshotReason reason, const StreamPosition& since) {
  const std::string kept = text_of(log.epoch(), log.floor());
  if (reason == SnapshotReason::EpochChanged) {
    return Error{
        ErrorCode::EpochMismatch,
        "the channel is another stream than " + since.epoch.token() + ": read from " + kept + " on",
        0};
  }
  if (reason == SnapshotReason::PositionUnknown) {
    return Error{ErrorCode::BadRequest,
                 "since is beyond the channel's last offset, " + text_of(log.epoch(), log.top()),
                 0};
  }
  return Error{ErrorCode::HistoryExceeded,
               "what followed " + text_of(since.epoch, since.offset) +
                   " is not kept any more; from " + kept + " on it is",
               0};
}

ReadResult read(const ChannelLog& log, const WaitingRead& waiting, const SubscribeAnswer& decided) {
  if (const auto* records = std::get_if<RecordsRange>(&waiting.request.range)) {
    return read_records(log, *records, waiting.program);
  }
  const auto& history = std::get<HistoryRange>(waiting.request.range);
  if (!history.since.has_value()) {
    return read_history(log, history, log.start_of_latest(history.limit), waiting.program);
  }
  if (decided.outcome != SubscribeOutcome::Recovered) {
    return lost(log, decided.reason, *history.since);
  }
  return read_history(log, history, decided.start, waiting.program);
}

Status check_kind(const ReadRequest& request, ChannelKind kind) {
  if (kind == ChannelKind::Signal) {
    return Error{ErrorCode::Unsupported, "signals are not kept: there is nothing to read", 0};
  }
  if (std::holds_alternative<RecordsRange>(request.range) && kind != ChannelKind::State) {
    return Error{ErrorCode::Unsupported,
                 "only state channels (kind = \"state\" in the [[namespace]]) have records: read "
                 "the channel's history",
                 0};
  }
  return ok_status();
}

}  // namespace

void ChannelHub::read(Now now, ReadRequest request, const Namespace& rules) {
  const ReadTicket ticket = request.ticket;
  const auto refuse = [&](const Error& error) { context_.emit(ReadAnswer{ticket, error}); };
  if (const Status kind = check_kind(request, rules.kind); !kind.ok()) {
    return refuse(kind.error());
  }
  const auto key = std::make_shared<const ChannelKey>(ChannelKey{request.tenant, request.channel});
  const bool is_new = mirrors_.slot_of(*key) == ChannelTable<ChannelMirror>::kNone;
  const Result<std::uint32_t> slot = find_or_open(key, rules);
  if (!slot.ok()) {
    return refuse(slot.error());
  }
  ChannelMirror& mirror = *mirrors_.at(*slot);
  if (mirror.reads.size() >= limits::reads_waiting_per_channel_max) {
    return refuse(Error{ErrorCode::Busy,
                        "too many reads wait for this channel (reads_waiting_per_channel_max)",
                        limits::full_retry_after_ms});
  }
  WaitingRead waiting;
  if (const auto* history = std::get_if<HistoryRange>(&request.range)) {
    waiting.since = history->since;
  }
  if (is_new) {
    waiting.question = WantedStart::Question::Asked;  // by the pull that was just sent
  }
  if (request.claims != nullptr) {
    waiting.program.redaction = redaction_of(rules, *request.claims);
  }
  waiting.request = std::move(request);
  mirror.reads.push_back(std::move(waiting));
  if (mirror.subscriber_count == 0) {
    deadlines_.set(*slot, now.monotonic + limits::mirror_linger);
  }
  if (mirror.is_loaded()) {
    answer_reads(*slot);
  }
}

/// Whoever was told of a publication finds it here: a read waits for an answer of the owner to a
/// question that was asked after it came.
void ChannelHub::answer_reads(std::uint32_t slot) {
  ChannelMirror& mirror = *mirrors_.at(slot);
  const ChannelLog& log = mirror.history();
  bool question = false;
  std::vector<WaitingRead> still_waiting;
  for (WaitingRead& waiting : std::exchange(mirror.reads, {})) {
    const bool asked = waiting.question == WantedStart::Question::Asked;
    if (asked && mirror.question_answered()) {
      const SubscribeAnswer decided = *mirror.decide(waiting, log.epoch(), true);
      context_.emit(ReadAnswer{waiting.request.ticket, relay::read(log, waiting, decided)});
      continue;
    }
    if (!asked) {
      waiting.question = WantedStart::Question::ToBeAsked;
      question = true;
    }
    still_waiting.push_back(std::move(waiting));
  }
  mirror.reads = std::move(still_waiting);
  if (question) {
    mirror.ask();
  }
}

void ChannelHub::refuse_reads(ChannelMirror& mirror, const Error& error) {
  for (const WaitingRead& waiting : std::exchange(mirror.reads, {})) {
    context_.emit(ReadAnswer{waiting.request.ticket, error});
  }
}

}  // namespace tidegate::relay
