// What may stand between a relay and its clients and knows the protocol. Three things it does:
//
// * It loses a message. TCP does not do that; a proxy with a defect, or a relay with one, does, and
//   the block law is there to notice it. (A page of records says nothing of the page before it, so
//   messages with pages are not lost: only a digest would notice.)
// * It cuts a block from an earlier position than its reader's, as a relay may that shares blocks
//   among readers who stand in different places: by the block law such a block is as good. (Ours
//   cuts each block exactly where its readers stand, so without this nothing would ever overlap.)
// * It changes a digit of a record on its way. Nobody may do that; digests are there to find it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/protocol/block_reader.h"
#include "edge/relay/shared_message.h"
#include "tests/sim/check/wire_peek.h"
#include "tests/sim/sim_context.h"
#include "tests/sim/sim_directory.h"
#include "tests/sim/sim_network.h"

namespace tidegate::sim {

class WireFaults {
 public:
  WireFaults(SimContext& context, const SimDirectory& directory)
      : context_(context), directory_(directory), prng_(context.prng("wire faults")) {}

  void link_connected(LinkId link, std::uint32_t client) { links_[link].client = client; }
  void link_over(LinkId link) { links_.erase(link); }
  /// The message vanishes on a link that lives on.
  bool loses(const relay::SharedMessage& message);
  /// The message as it goes to the client.
  relay::SharedMessagePtr pass(LinkId link, relay::SharedMessagePtr message);
  /// Something that this client was sent of this channel had been changed.
  bool has_corrupted(std::uint32_t client, std::uint32_t channel) const {
    return corrupted_.contains({client, channel});
  }
  std::uint64_t earlier_cuts() const { return earlier_cuts_; }
  std::uint64_t corruptions() const { return corruptions_; }

 private:
  /// A block that was sent, and what its bytes stand in.
  struct Sent {
    relay::SharedMessagePtr message;
    BlockView block;
  };
  struct Stream {
    std::uint32_t channel = 0;
    bool is_records = false;  // of a state channel: its digest is compared
    std::optional<Sent> last;
  };
  struct Link {
    std::uint32_t client = 0;
    std::map<std::uint32_t, Stream> streams;
  };

  bool is_off() const;
  void handle_subscribed(Link& link, std::span<const std::uint8_t> body);
  void handle_block(Link& link, const relay::SharedMessagePtr& message, const PeekedFrame& frame,
                    Bytes& out);
  bool cut_earlier(Stream& stream, const BlockView& block, const PeekedFrame& frame, Bytes& out);
  void corrupt(Link& link, const Stream& stream, const BlockView& block, ByteView body,
               std::span<std::uint8_t> copy);

  SimContext& context_;
  const SimDirectory& directory_;
  Prng prng_;
  std::map<LinkId, Link> links_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> corrupted_;  // client, channel
  std::uint64_t earlier_cuts_ = 0;
  std::uint64_t corruptions_ = 0;
};

}  // namespace tidegate::sim
