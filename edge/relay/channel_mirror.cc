#include "edge/relay/channel_mirror.h"

#include <algorithm>
#include <utility>

namespace tidegate::relay {

ChannelMirror::ChannelMirror(ShardContext& context, ChannelKeyPtr key, const Namespace& rules)
    : context_(context),
      key_(std::move(key)),
      owner_(RelayShard::owner_of(*key_, context.options.shard_count)),
      log_(rules.history) {
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
  for (WaitingSubscribe& subscribe : waiting) {
    if (subscribe.question == WaitingSubscribe::Question::ToBeAsked) {
      subscribe.question = WaitingSubscribe::Question::Asked;
    }
  }
  pull(true);
}

void ChannelMirror::close() { context_.send(owner_, MirrorClose{key_, generation_}); }

void ChannelMirror::handle_batch(MirrorBatch batch, StreamId next_stream) {
  const bool other_stream = batch.epoch != log_.epoch();
  question_answered_ = false;
  if (batch.restart) {
    if (other_stream) {
      stream_ = next_stream;
    }
    log_.restart(batch.epoch, batch.range.previous);
    flushed_to_ = other_stream ? log_.floor() : std::max(flushed_to_, log_.floor());
    restarted_ = true;
    loaded_ = false;  // answers wait until all of it is there
  } else {
    // It answers the one pull under way, which said where we stand.
    TIDEGATE_CHECK(!other_stream && batch.range.previous <= log_.top());
  }
  for (LogEntry& entry : batch.entries) {
    if (entry.range.offset > log_.top()) {
      log_.append({log_.top(), entry.range.offset}, std::move(entry.publication));
    }
  }
  owner_top_ = batch.top;
  if (flushed_to_ > log_.top()) {
    flushed_to_ = log_.top();
  }
  if (log_.top() < batch.top) {
    pull(asking_);
    return;
  }
  loaded_ = true;
  question_answered_ = asking_;
  if (subscribers.empty()) {
    flushed_to_ = log_.top();
  }
  pull(false);
}

std::optional<SubscribeAnswer> ChannelMirror::decide(const WaitingSubscribe& subscribe,
                                                     bool owner_was_asked) const {
  SubscribeAnswer answer;
  if (!subscribe.since.has_value()) {
    answer.start = log_.start_of_latest(subscribe.history);
    return answer;
  }
  const StreamPosition& since = *subscribe.since;
  answer.start = log_.floor();
  if (since.epoch == log_.epoch() && since.offset <= log_.top()) {
    if (log_.reaches(since.offset)) {
      return SubscribeAnswer{SubscribeOutcome::Recovered, SnapshotReason::None, since.offset};
    }
    answer.reason = SnapshotReason::HistoryExceeded;
    return answer;
  }
  if (!owner_was_asked) {
    return std::nullopt;
  }
  answer.reason =
      since.epoch == log_.epoch() ? SnapshotReason::PositionUnknown : SnapshotReason::EpochChanged;
  return answer;
}

void ChannelMirror::enforce_history(Now now) { log_.enforce(now.wall, flushed_to_); }

}  // namespace tidegate::relay
