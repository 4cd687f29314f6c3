// The mirrors of a shard and who reads them: opens a mirror with its first subscriber, answers
// subscribes as soon as the mirror can decide, notes which channels have news, and closes a mirror
// when nobody has been there for a while. The owner's own shard reads through a mirror too: one
// code path.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "edge/relay/channel_mirror.h"
#include "edge/relay/channel_table.h"
#include "edge/relay/connection_writer.h"
#include "edge/relay/deadline_queue.h"

namespace tidegate::relay {

class ChannelHub {
 public:
  ChannelHub(ShardContext& context, SessionTable& sessions, ConnectionWriter& writer)
      : context_(context), sessions_(sessions), writer_(writer) {}

  std::size_t size() const { return mirrors_.size(); }
  const ChannelMirror* find(const ChannelKey& key) const {
    return mirrors_.at(mirrors_.slot_of(key));
  }
  ChannelMirror& mirror(std::uint32_t slot) { return *mirrors_.at(slot); }
  /// nullptr when it was closed.
  ChannelMirror* find_slot(std::uint32_t slot) { return mirrors_.at(slot); }
  std::optional<Instant> deadline() const;

  // ---- sessions (by slot); rights and limits have been checked
  void subscribe(Now now, std::uint32_t session, const ChannelKeyPtr& key, const Namespace& rules,
                 const SubscribeFrame& frame);
  bool is_subscribed(std::uint32_t session, const ChannelKey& key) {
    return index_of(session, mirrors_.slot_of(key)).has_value();
  }
  /// False when the session has no such stream.
  bool unsubscribe(Now now, std::uint32_t session, StreamId stream);
  void remove_session(Now now, std::uint32_t session);

  // ---- owners
  void handle_batch(MirrorBatch batch);
  void handle_refused(Now now, const MirrorRefused& refused);
  void handle_timeout(Now now);

  // ---- polled by FanOut
  /// A mirror with news, each once.
  std::optional<std::uint32_t> poll_news();
  bool has_news() const { return !news_.empty(); }
  void note_news(std::uint32_t mirror);
  /// Everybody who keeps pace has been sent everything: mirrors that have grown, or hold what has
  /// grown too old, are cut back to history. Not before, so that a burst larger than history
  /// reaches those who are not slow.
  void enforce_histories(Now now);
  /// Begins the subscription anew at the floor, when it stands where it cannot go on. True when it
  /// did.
  bool reset_if_lost(std::uint32_t mirror, Subscriber& subscriber);

 private:
  std::uint32_t find_or_open(const ChannelKeyPtr& key, const Namespace& rules);
  bool make_room();
  void close(std::uint32_t slot);
  void forget(std::uint32_t slot);
  void drop_previous(Now now, std::uint32_t session, std::uint32_t mirror);
  void remove(Now now, std::uint32_t session, std::uint32_t index);
  void answer_waiting(std::uint32_t mirror);
  void note_growth(std::uint32_t mirror);
  void enforce_history(Now now, std::uint32_t mirror);
  bool is_sending() const { return !grown_.empty() || writer_.has_queued(); }
  void answer(ChannelMirror& mirror, const WaitingSubscribe& subscribe,
              const SubscribeAnswer& answer);
  std::optional<std::uint32_t> index_of(std::uint32_t session, std::uint32_t mirror);

  ShardContext& context_;
  SessionTable& sessions_;
  ConnectionWriter& writer_;
  ChannelTable<ChannelMirror> mirrors_;
  DeadlineQueue idle_;      // mirrors without subscribers
  DeadlineQueue expiries_;  // mirrors whose oldest publication grows too old
  std::deque<std::uint32_t> news_;
  std::vector<std::uint32_t> grown_;
  std::uint32_t streams_named_ = 0;
};

}  // namespace tidegate::relay
