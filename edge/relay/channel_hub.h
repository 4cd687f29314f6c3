// The mirrors of a shard and who reads them: opens a mirror with its first subscriber and a view
// with the first who is shown the same, answers subscribes as soon as the mirror can decide,
// notes which views have news, and closes what nobody has read for a while. The owner's own shard
// reads through a mirror too: one code path.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "edge/relay/channel_mirror.h"
#include "edge/relay/channel_table.h"
#include "edge/relay/connection_writer.h"
#include "edge/relay/deadline_queue.h"
#include "edge/relay/pacer.h"
#include "edge/relay/shard_footprint.h"
#include "edge/relay/view_table.h"

namespace tidegate::relay {

/// A subscribe whose rights and limits have been checked.
struct SubscribeOrder {
  ChannelKeyPtr key;
  const Namespace& rules;
  ViewProgram program;
  const SubscribeFrame& frame;
};

class ChannelHub {
 public:
  ChannelHub(ShardContext& context, SessionTable& sessions, ConnectionWriter& writer)
      : context_(context), sessions_(sessions), writer_(writer) {}

  std::size_t size() const { return mirrors_.size(); }
  void add_to(ShardFootprint& footprint) const {
    mirrors_.for_each([&footprint](std::uint32_t, const ChannelMirror& mirror) {
      footprint.add_log(mirror.history());
    });
  }
  const ChannelMirror* find(const ChannelKey& key) const {
    return mirrors_.at(mirrors_.slot_of(key));
  }
  ChannelView& view(std::uint32_t slot) { return views_.at(slot); }
  /// nullptr when it is gone.
  ChannelView* find_view(std::uint32_t slot) { return views_.find(slot); }
  ChannelMirror& mirror_of(const ChannelView& view) { return *mirrors_.at(view.mirror()); }
  Subscriber& subscriber(const Subscription& subscription) {
    return views_.at(subscription.view).subscribers[subscription.place];
  }
  std::optional<Instant> deadline() const;

  // ---- sessions (by slot)
  /// Refused when there are too many filters or mirrors.
  Status subscribe(Now now, std::uint32_t session, const SubscribeOrder& order);
  bool is_subscribed(std::uint32_t session, const ChannelKey& key, const ViewProgram& program);
  /// False when the session has no such stream.
  bool unsubscribe(Now now, std::uint32_t session, StreamId stream);
  void remove_session(Now now, std::uint32_t session);

  // ---- readers from outside
  /// Answered by a ReadAnswer, now or when the mirror has come to its owner's top.
  void read(Now now, ReadRequest request, const Namespace& rules);

  // ---- owners
  void handle_batch(Now now, MirrorBatch batch);
  void handle_refused(Now now, const MirrorRefused& refused);
  void handle_timeout(Now now);
  void reconfigure();

  // ---- polled by FanOut
  /// A view with news, each once.
  std::optional<std::uint32_t> poll_news();
  bool has_news() const { return !news_.empty(); }
  void note_news(std::uint32_t view);
  /// A reader that is paced has something to be sent.
  void note_paced(Now now, std::uint32_t view, PaceRung rung);
  /// A view of records that was told no digest for quiet_digest_interval, each time that it is due.
  std::optional<std::uint32_t> poll_quiet(Now now);
  /// It was told one just now.
  void note_digest(Now now, std::uint32_t view);
  /// Everybody who keeps pace has been sent everything: mirrors that have grown, or hold what has
  /// grown too old, are cut back to history. Not before, so that a burst larger than history
  /// reaches those who are not slow.
  void enforce_histories(Now now);
  /// Begins the subscription anew, when it stands where it cannot go on. True when it did.
  bool reset_if_lost(std::uint32_t view, Subscriber& subscriber);

 private:
  // channel_hub.cc: mirrors, views and what comes from owners
  Result<std::uint32_t> find_or_open(const ChannelKeyPtr& key, const Namespace& rules);
  Status check_room_for_view(const ChannelMirror& mirror, const ViewProgram& program) const;
  Result<std::uint32_t> find_or_add_view(std::uint32_t mirror, const ViewProgram& program);
  std::optional<std::uint32_t> find_view_of(std::uint32_t mirror, const ViewProgram& program);
  bool make_room();
  void close(std::uint32_t mirror);
  void remove_view(std::uint32_t view);
  void note_growth(std::uint32_t mirror);
  bool is_sending() const { return !grown_.empty() || writer_.has_queued(); }
  void enforce_history(Now now, std::uint32_t mirror);
  void drop_old_signals(Now now, std::uint32_t mirror);
  void note_expiry(Now now, std::uint32_t mirror);
  Offset kept_for_readers(const ChannelMirror& mirror);
  void handle_ticks(Now now);

  // channel_hub_readers.cc: who reads what, and from where
  void add_subscriber(Now now, std::uint32_t session, std::uint32_t view, bool asked,
                      const SubscribeOrder& order);
  void count_repair(std::uint32_t session, std::uint32_t view, const SubscribeOrder& order);
  void drop_previous(Now now, std::uint32_t session, std::uint32_t view);
  void remove(Now now, std::uint32_t session, std::uint32_t index);
  void answer_waiting(std::uint32_t mirror);
  void answer(ChannelMirror& mirror, const WaitingSubscribe& subscribe,
              const SubscribeAnswer& answer);
  std::optional<std::uint32_t> index_of(std::uint32_t session, std::uint32_t view);
  void say_start(const ChannelMirror& mirror, const ChannelView& view, Subscriber& subscriber,
                 RequestId request, const SubscribeAnswer& answer);

  // channel_hub_reads.cc: reads from outside
  void answer_reads(std::uint32_t mirror);
  void refuse_reads(ChannelMirror& mirror, const Error& error);

  ShardContext& context_;
  SessionTable& sessions_;
  ConnectionWriter& writer_;
  ChannelTable<ChannelMirror> mirrors_;
  ViewTable views_;
  DeadlineQueue deadlines_;  // of mirrors without subscribers
  DeadlineQueue expiries_;   // of mirrors whose oldest publication will have grown too old
  DeadlineQueue quiet_;      // of views of records with readers: when a digest is due without news
  Pacer pacer_;
  std::deque<std::uint32_t> news_;
  std::vector<std::uint32_t> grown_;
};

}  // namespace tidegate::relay
