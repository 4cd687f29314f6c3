// Blocks that were built, each as one framed message, shared by every connection that reads the
// same range of the same stream in the same encoding. Blocks are cut at places that only depend on
// the log (every block_bytes_target bytes of it), not on the reader, so that replays of readers
// that began in different places soon share too. Bounded by entries and bytes; the oldest go first.
#pragma once

#include <deque>
#include <map>

#include "edge/relay/channel_mirror.h"
#include "edge/relay/shared_message.h"
#include "edge/relay/view_rows.h"

namespace tidegate::relay {

struct SharedBlock {
  SharedMessagePtr message;  // one block frame, and nothing else
  Offset end;
  std::uint32_t rows = 0;
  std::string last_key;  // of a page: up to here; empty when it is the pass's last
};

class FrameCache {
 public:
  explicit FrameCache(RelayCounters& counters) : counters_(counters) {}

  /// Where the block that begins at `from` ends: at the next cut, or at the top.
  static Offset end_of(const ChannelLog& log, const ChannelView& view, Offset from);
  /// The block from `from`, which must be below the log's top. A reader of signals may stand below
  /// the log's floor.
  /// `states_digest`: of the records, if the block ends where they are and has to be built.
  SharedBlock block(const ChannelMirror& mirror, ChannelView& view, Encoding encoding, Offset from,
                    bool states_digest = false);
  /// The next page of a pass that began at `from`.
  SharedBlock page(const ChannelMirror& mirror, ChannelView& view, Encoding encoding, Offset from,
                   const Pass& pass);
  std::size_t size() const { return blocks_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Key {
    StreamId stream = StreamId::None;
    std::uint32_t incarnation = 0;
    Offset from;
    Offset end;
    enum class What : std::uint8_t { Rows, Changes, Records } what = What::Rows;
    std::string after{};  // of a page
    Encoding encoding = Encoding::Binary;
    Offset shed_to{};  // of a signal channel: what is at or below is too old to be sent again
    bool operator<(const Key& other) const;
  };
  template <typename Build>
  SharedBlock find_or_build(const Key& key, Build&& build);
  const SharedBlock* find(const Key& key) const;
  SharedBlock finish(const BlockWriter& writer, Offset end);
  void keep(const Key& key, const SharedBlock& block);

  RelayCounters& counters_;
  std::map<Key, SharedBlock> blocks_;
  std::deque<Key> order_;
  std::size_t bytes_ = 0;
};

}  // namespace tidegate::relay
