// A channel as one shard sees it: a cursor into its owner's log, with the part of history that the
// shard's readers may need, and the place where each of them stands. A publication crosses threads
// once for each mirror, not once for each subscriber.
//
// One pull is outstanding at any time. Its number (generation) makes older answers void, so when
// the mirror has to ask something of the sequencer while a standing pull is under way, it just
// pulls anew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/protocol/codes.h"
#include "edge/relay/channel_log.h"
#include "edge/relay/shard_context.h"

namespace tidegate::relay {

/// One connection's place in a channel. There is no queue: what is beyond the cursor is still to be
/// sent.
struct Subscriber {
  std::uint32_t slot = 0;           // the session
  std::uint32_t index = 0;          // among the session's subscriptions
  StreamId bound = StreamId::None;  // None: its subscribe is not answered yet
  Offset cursor;
};
static_assert(sizeof(Subscriber) <= 24, "there are as many as subscriptions");

/// A subscribe that waits until the mirror can answer it.
struct WaitingSubscribe {
  std::uint32_t slot = 0;
  RequestId request = RequestId::None;
  std::optional<StreamPosition> since;
  std::uint32_t history = 0;
  /// Its position looks ahead or of another epoch: only the sequencer may say so, asked after it
  /// came.
  enum class Question : std::uint8_t { None, ToBeAsked, Asked } question = Question::None;
};

struct SubscribeAnswer {
  SubscribeOutcome outcome = SubscribeOutcome::Snapshot;
  SnapshotReason reason = SnapshotReason::NoPosition;
  Offset start;
};

class ChannelMirror {
 public:
  ChannelMirror(ShardContext& context, ChannelKeyPtr key, const Namespace& rules);

  // ---- getters
  const ChannelKeyPtr& key() const { return key_; }
  const ChannelLog& history() const { return log_; }
  StreamId stream() const { return stream_; }
  bool is_loaded() const { return loaded_; }
  /// What a subscriber is told of where the stream is: the owner's top, also while only a part of
  /// what is below it has come.
  Offset target() const { return std::max(log_.top(), owner_top_); }
  /// Everybody who keeps pace has been sent what is up to here.
  Offset flushed_to() const { return flushed_to_; }
  bool has_news() const { return flushed_to_ != log_.top() || restarted_; }
  bool restarted() const { return restarted_; }

  // ---- pulling
  void handle_batch(MirrorBatch batch, StreamId next_stream);
  bool expects(std::uint32_t generation) const { return generation == generation_; }
  /// Asks the owner, unless the answer to an earlier question is still to come.
  void ask();
  void close();

  // ---- answering
  /// Drops what exceeds history. Only while nobody who keeps pace is still to be sent some of it.
  void enforce_history(Now now);
  /// The answer to a subscribe; nullopt while the owner has to be asked first.
  std::optional<SubscribeAnswer> decide(const WaitingSubscribe& subscribe,
                                        bool owner_was_asked) const;
  /// True when the last batch answered a question, and was up to date.
  bool question_answered() const { return question_answered_; }

  // ---- flushing
  void set_flushed_to(Offset offset) { flushed_to_ = offset; }
  void clear_restarted() { restarted_ = false; }

  // Kept by ChannelHub.
  std::vector<Subscriber> subscribers;
  std::vector<WaitingSubscribe> waiting;
  bool in_news_list = false;
  bool in_trim_list = false;

 private:
  void pull(bool answer_now);

  ShardContext& context_;
  ChannelKeyPtr key_;
  std::uint16_t owner_;
  ChannelLog log_;
  StreamId stream_ = StreamId::None;
  std::uint32_t generation_ = 0;
  bool loaded_ = false;  // was up to date with its owner since it began
  bool asking_ = false;  // the pull under way carries a question
  bool question_answered_ = false;
  bool restarted_ = false;  // some readers may have to begin anew
  Offset flushed_to_;
  Offset owner_top_;  // of this stream, as the last batch said
};

}  // namespace tidegate::relay
