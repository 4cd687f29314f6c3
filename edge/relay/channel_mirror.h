// A channel as one shard holds it: a cursor into its owner's log, with the part of history (and, of
// a state channel, the records) that the shard's readers may need. A publication crosses threads
// once for each mirror, not once for each subscriber. Who reads, and what each of them sees, is the
// matter of the mirror's views.
//
// One pull is outstanding at any time. Its number (generation) makes older answers void, so when
// the mirror has to ask something of the sequencer while a standing pull is under way, it just
// pulls anew.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/protocol/codes.h"
#include "edge/relay/channel_log.h"
#include "edge/relay/channel_read.h"
#include "edge/relay/channel_view.h"
#include "edge/relay/shard_context.h"

namespace tidegate::relay {

/// From where somebody wants to read.
struct WantedStart {
  std::optional<StreamPosition> since;
  std::uint32_t history = 0;
  /// Its position looks ahead or of another epoch: only the sequencer may say so, asked after it
  /// came.
  enum class Question : std::uint8_t { None, ToBeAsked, Asked } question = Question::None;
};

/// A subscribe that waits until the mirror can answer it.
struct WaitingSubscribe : WantedStart {
  std::uint32_t slot = 0;   // the session
  std::uint32_t index = 0;  // among its subscriptions
  std::uint32_t view = 0;
  RequestId request = RequestId::None;
};

/// A read from outside that waits for the same.
struct WaitingRead : WantedStart {
  ReadRequest request;
  ViewProgram program;  // what its reader is shown
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
  ChannelKind kind() const { return log_.kind(); }
  PaceRung rung_min() const { return rung_min_; }
  /// Counts the streams that the channel has been while it was mirrored here; never 0.
  std::uint32_t incarnation() const { return incarnation_; }
  /// Where a reader is live: the owner's top, as far as is known here.
  Offset target() const { return std::max(owner_top_, log_.top()); }
  bool is_loaded() const { return loaded_; }
  /// How a reader that stands at `cursor` comes to the top for the fewest bytes.
  CatchUp catch_up(Offset cursor, const ViewProgram& program) const;
  /// A reader that stands at `cursor` can go on from there without beginning anew.
  bool can_go_on(Offset cursor) const;

  // ---- pulling
  enum class Loaded : std::uint8_t { Further, Restarted, AnotherStream };
  Loaded handle_batch(MirrorBatch batch);
  bool expects(std::uint32_t generation) const { return generation == generation_; }
  /// Asks the owner, unless the answer to an earlier question is still to come.
  void ask();
  void close();
  /// Other rules, of the same kind.
  void reconfigure(const Namespace& rules);

  // ---- answering
  /// Drops what exceeds history, but for what is beyond `keep_beyond`.
  void enforce_history(Now now, Offset keep_beyond) { log_.enforce(now.wall, keep_beyond); }
  /// The answer to a subscribe; nullopt while the owner has to be asked first.
  /// `epoch` is what the reader knows the stream by (ChannelView::epoch_token).
  std::optional<SubscribeAnswer> decide(const WantedStart& wanted, const Epoch& epoch,
                                        bool owner_was_asked) const;
  /// True when the last batch answered a question, and was up to date.
  bool question_answered() const { return question_answered_; }

  // Kept by ChannelHub.
  std::vector<std::uint32_t> views;  // slots
  std::vector<WaitingSubscribe> waiting;
  std::vector<WaitingRead> reads;
  std::size_t subscriber_count = 0;
  bool in_trim_list = false;

 private:
  void pull(bool answer_now);
  Loaded restart(MirrorBatch& batch);
  std::optional<SubscribeAnswer> decide_position(const StreamPosition& since, const Epoch& epoch,
                                                 bool owner_was_asked) const;

  ShardContext& context_;
  ChannelKeyPtr key_;
  std::uint16_t owner_;
  PaceRung rung_min_;
  ChannelLog log_;
  Offset owner_top_;
  std::uint32_t incarnation_ = 1;
  std::uint32_t generation_ = 0;
  bool loaded_ = false;  // was up to date with its owner since it began
  bool asking_ = false;  // the pull under way carries a question
  bool question_answered_ = false;
};

}  // namespace tidegate::relay
