#include "edge/relay/channel_mirror.h"

#include <algorithm>
#include <utility>

namespace tidegate::relay {

ChannelMirror::ChannelMirror(ShardContext& context, ChannelKeyPtr key, const Namespace& rules)
    : context_(context),
      key_(std::move(key)),
      owner_(RelayShard::owner_of(*key_, context.options.shard_count)),
      rung_min_(pace_rung(rules.min_interval)),
      log_(rules.history_limits(), rules.kind) {
  pull(true);
}

void ChannelMirror::pull(bool answer_now) {
  MirrorPull pull;
  pull.key = key_;
  generation_ = context_.next_pull_number();
  pull.generation = generation_;
  if (!log_.epoch().empty()) {
    pull.after = log_.position();
  }
  pull.answer_now = answer_now;
  asking_ = answer_now;
  context_.send(owner_, std::move(pull));
}

void ChannelMirror::ask() {
  if (asking_) {
    return;  // those who wait are asked for once that answer is there: it may be too old for them
  }
  question_answered_ = false;
  const auto note_asked = [](WantedStart& wanted) {
    if (wanted.question == WantedStart::Question::ToBeAsked) {
      wanted.question = WantedStart::Question::Asked;
    }
  };
  std::for_each(waiting.begin(), waiting.end(), note_asked);
  std::for_each(reads.begin(), reads.end(), note_asked);
  pull(true);
}

void ChannelMirror::close() { context_.send(owner_, MirrorClose{key_, generation_}); }

void ChannelMirror::reconfigure(const Namespace& rules) {
  TIDEGATE_CHECK(rules.kind == kind());
  rung_min_ = pace_rung(rules.min_interval);
  log_.set_limits(rules.history_limits());
}

ChannelMirror::Loaded ChannelMirror::restart(MirrorBatch& batch) {
  const bool first = log_.epoch().empty();
  const bool other_stream = batch.epoch != log_.epoch();
  if (other_stream && !first) {
    ++incarnation_;
  }
  log_.restart(batch.epoch, batch.range.previous);
  if (kind() == ChannelKind::State) {
    log_.load_records(std::move(batch.records), batch.changes_floor);
  }
  loaded_ = false;  // answers wait until all of it is there
  return other_stream ? Loaded::AnotherStream : Loaded::Restarted;
}

ChannelMirror::Loaded ChannelMirror::handle_batch(MirrorBatch batch) {
  Loaded loaded = Loaded::Further;
  question_answered_ = false;
  if (batch.restart) {
    loaded = restart(batch);
  } else {
    // It answers the one pull under way, which said where we stand.
    TIDEGATE_CHECK(batch.epoch == log_.epoch() && batch.range.previous <= log_.top());
  }
  for (LogEntry& entry : batch.entries) {
    if (entry.range.offset > log_.top()) {
      entry.range.previous = log_.top();
      log_.append(std::move(entry));
    }
  }
  owner_top_ = batch.top;
  if (log_.top() < batch.top) {
    pull(asking_);
    return loaded;
  }
  loaded_ = true;
  question_answered_ = asking_;
  pull(false);
  return loaded;
}

bool ChannelMirror::can_go_on(Offset cursor) const {
  switch (kind()) {
    case ChannelKind::Log:
      return log_.reaches(cursor);
    case ChannelKind::State:   // else it is given all records
    case ChannelKind::Signal:  // what it was too slow for is gone
      return true;
  }
  return false;
}

CatchUp ChannelMirror::catch_up(Offset cursor, const ViewProgram& program) const {
  if (cursor >= log_.top()) {
    return CatchUp::None;
  }
  if (kind() != ChannelKind::State) {
    return CatchUp::Replay;
  }
  if (cursor == Offset{}) {
    return CatchUp::Records;
  }
  const RecordMap& records = log_.records();
  CatchUp way = CatchUp::Records;
  std::size_t fewest = records.bytes();
  // Changes say of every record that is not shown that it is gone, shown before or not.
  if (cursor >= records.changes_floor() && !program.conceals()) {
    const std::size_t changes = records.change_bytes(cursor, fewest);
    if (changes <= fewest) {
      way = CatchUp::Changes;
      fewest = changes;
    }
  }
  const bool is_kept = log_.reaches(cursor);
  return is_kept && log_.bytes_beyond(cursor, program.measure()) <= fewest ? CatchUp::Replay : way;
}

std::optional<SubscribeAnswer> ChannelMirror::decide(const WantedStart& wanted, const Epoch& epoch,
                                                     bool owner_was_asked) const {
  if (kind() == ChannelKind::Signal) {
    // Nothing is recovered; but from a mirror that lags behind what the reader has had, signals
    // would come twice.
    const auto& since = wanted.since;
    const bool is_reached =
        !since.has_value() || (since->epoch == epoch && since->offset <= log_.top());
    if (!is_reached && !owner_was_asked) {
      return std::nullopt;
    }
    return SubscribeAnswer{SubscribeOutcome::Snapshot, SnapshotReason::NoPosition, log_.top()};
  }
  if (wanted.since.has_value()) {
    return decide_position(*wanted.since, epoch, owner_was_asked);
  }
  const bool is_state = kind() == ChannelKind::State;
  return SubscribeAnswer{SubscribeOutcome::Snapshot, SnapshotReason::NoPosition,
                         is_state ? Offset{} : log_.start_of_latest(wanted.history)};
}

std::optional<SubscribeAnswer> ChannelMirror::decide_position(const StreamPosition& since,
                                                              const Epoch& epoch,
                                                              bool owner_was_asked) const {
  const bool is_state = kind() == ChannelKind::State;
  SubscribeAnswer answer;
  answer.start = is_state ? Offset{} : log_.floor();
  const bool is_of_view = since.epoch == epoch;
  // What a filter lets through of a log follows from any position of the log.
  const bool is_of_log = kind() == ChannelKind::Log && since.epoch == log_.epoch();
  if ((is_of_view || is_of_log) && since.offset <= log_.top()) {
    if (!is_of_view && log_.reaches(since.offset)) {
      return SubscribeAnswer{SubscribeOutcome::Snapshot, SnapshotReason::AnotherView, since.offset};
    }
    if (log_.reaches(since.offset) ||
        (is_state && since.offset >= log_.records().changes_floor())) {
      return SubscribeAnswer{SubscribeOutcome::Recovered, SnapshotReason::None, since.offset};
    }
    answer.reason = SnapshotReason::HistoryExceeded;
    return answer;
  }
  if (!owner_was_asked) {
    return std::nullopt;
  }
  answer.reason =
      is_of_view || is_of_log ? SnapshotReason::PositionUnknown : SnapshotReason::EpochChanged;
  return answer;
}

}  // namespace tidegate::relay
