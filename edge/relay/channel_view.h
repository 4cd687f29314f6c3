// A channel as one group of readers sees it: everything, or what their program shows. Readers of
// one view share their frames, because a view has one stream number and every block is built once
// for it and each encoding. Where each reader stands is kept here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/stream/stream_position.h"
#include "edge/relay/encoding.h"
#include "edge/relay/pacing.h"
#include "edge/relay/view_digest.h"
#include "edge/relay/view_program.h"

namespace tidegate::relay {

/// One connection's place in a channel. There is no queue: what is beyond the cursor is still to be
/// sent.
struct Subscriber {
  std::uint32_t slot = 0;   // the session
  std::uint32_t index = 0;  // among the session's subscriptions
  Offset cursor;
  /// Which of the channel's streams the cursor is of (ChannelMirror::incarnation); 0: its subscribe
  /// is not answered yet.
  std::uint32_t incarnation = 0;
  PaceRung rung = 0;
  bool is_due = true;      // paced, and its tick has come: served until it is at the top
  bool is_paging = false;  // in the midst of a pass (ChannelView::passes)
  Encoding encoding = Encoding::Binary;  // the session's
  bool is_answered() const { return incarnation != 0; }
};
static_assert(sizeof(Subscriber) <= 24, "there are as many as subscriptions");

/// A reader of records who is given them page by page, in key order, and then stands at `to`. What
/// changes meanwhile in pages that were sent comes with the next pass.
struct Pass {
  Offset to;
  std::string after;    // the last key that was sent
  bool sweeps = false;  // every record, not only those that changed since the cursor
};

class ChannelView {
 public:
  ChannelView(std::uint32_t mirror, StreamId stream, ViewProgram program);

  /// The channel's slot in ChannelHub.
  std::uint32_t mirror() const { return mirror_; }
  StreamId stream() const { return stream_; }
  const ViewProgram& program() const { return program_; }
  /// What its readers know as the epoch of a stream: a position of one view means nothing in
  /// another.
  Epoch epoch_token(const Epoch& epoch) const;

  // Kept by ChannelHub and FanOut.
  std::vector<Subscriber> subscribers;
  std::map<std::uint32_t, Pass> passes;  // by session
  /// Everybody who keeps pace and reads in the encoding has been sent what is up to here.
  PerEncoding<Offset> flushed_to;
  PerEncoding<std::uint32_t> readers;  // how many of the subscribers
  bool restarted = false;              // some readers may have to begin anew
  bool in_news_list = false;
  /// A block on the shared road that ends at the top states the digest again from here on.
  PerEncoding<Instant> digest_at;
  ViewDigest digest;
  std::uint16_t noted_rungs = 0;  // bits: rungs on which the next tick is waited for

 private:
  std::uint32_t mirror_;
  StreamId stream_;
  ViewProgram program_;
  std::string tag_;
};

}  // namespace tidegate::relay
