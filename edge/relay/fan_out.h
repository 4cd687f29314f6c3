// Sending: turns what is to be said into Transmit effects, one at a time and only when polled, so
// that a connection which the last one blocked takes no part in the next. Two roads lead out:
//
// * shared: a channel with news builds one block, and every session that has nothing of its own to
// send
//   and stands within the block's range gets the same message, one for each encoding. This is the
//   hot path.
// * own: sessions that are queued (control frames, several channels with news, catching up after
// being
//   blocked or while recovering) get one message each: control frames first, then blocks. Those
//   whose messages would be equal share one still.
//
// A cursor moves when its block is handed out. A `subscribed` stands in the control bytes, which go
// before blocks, so it always precedes the first block of its stream.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "edge/relay/channel_hub.h"
#include "edge/relay/frame_cache.h"

namespace tidegate::relay {

class FanOut {
 public:
  FanOut(ShardContext& context, SessionTable& sessions, ConnectionWriter& writer, ChannelHub& hub)
      : context_(context),
        sessions_(sessions),
        writer_(writer),
        hub_(hub),
        cache_(context.counters) {}

  std::optional<Transmit> poll(Now now);
  const FrameCache& cache() const { return cache_; }

 private:
  // The shared road.
  void begin_round();
  PerEncoding<bool> news_of(std::uint32_t view);
  void count_news(std::uint32_t view);
  void queue_those_with_several(std::uint32_t view);
  std::optional<Transmit> send_news(Now now, std::uint32_t view);
  std::optional<Transmit> send_news_in(Now now, std::uint32_t view, Encoding encoding);
  bool digest_is_due(Now now, std::uint32_t view, Encoding encoding, Offset end);
  std::optional<Transmit> send_quiet(Now now);
  std::optional<Transmit> send_quiet_in(Now now, std::uint32_t view, Encoding encoding);
  void collect(Now now, std::uint32_t view, Encoding encoding, Offset end,
               std::vector<ConnectionHandle>& connections);

  // The own road.
  struct Piece {
    std::uint32_t subscription = 0;
    SharedBlock block;
    bool is_page = false;
  };
  /// What one session would be sent now.
  struct Plan {
    std::size_t control_bytes = 0;
    std::vector<Piece> pieces;
    bool more = false;  // something is left for its next turn
  };
  std::optional<Transmit> send_own(Now now);
  void plan_for(std::uint32_t slot, Plan& plan);
  bool plan_subscription(std::uint32_t slot, std::uint32_t index, Plan& plan, std::size_t& bytes);
  Piece next_piece(const Subscription& subscription, Subscriber& subscriber);
  void advance(const Subscription& subscription, const Piece& piece);
  void reset_lost(std::uint32_t slot);
  static bool same_message(const Plan& left, const Plan& right);
  SharedMessagePtr message_of(std::uint32_t slot, const Plan& plan) const;
  void commit(Now now, std::uint32_t slot, const Plan& plan);
  void count(const SharedMessagePtr& message, std::size_t connections, std::uint64_t rows);

  ShardContext& context_;
  SessionTable& sessions_;
  ConnectionWriter& writer_;
  ChannelHub& hub_;
  FrameCache cache_;
  std::vector<std::uint32_t> round_;  // views whose news are being sent, the next one last
  std::vector<std::pair<std::uint32_t, Encoding>> quiet_;  // views that are to be told a digest
  std::uint32_t round_number_ = 0;
  bool own_turn_ = false;  // the two roads take turns
};

}  // namespace tidegate::relay
