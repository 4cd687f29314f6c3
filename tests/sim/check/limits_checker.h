// I5: every queue stays within its limit, and the shard keeps its shell's contract: nothing to a
// blocked or forgotten connection, one append at a time for each channel, timers that move on.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "edge/relay/relay_effect.h"
#include "edge/relay/shard_footprint.h"
#include "tests/sim/sim_context.h"
#include "tests/sim/sim_directory.h"

namespace tidegate::sim {

/// What waits in one mailbox.
struct MailboxLoad {
  std::size_t mirror_messages = 0;
  std::size_t publishes = 0;  // submitted and settled
};

class LimitsChecker {
 public:
  LimitsChecker(SimContext& context, const SimDirectory& directory)
      : context_(context), directory_(directory) {}

  void mailbox_waits(std::uint16_t from, std::uint16_t to, const MailboxLoad& load,
                     std::size_t connections, std::size_t http_publishes);
  void mirror_batch(const relay::MirrorBatch& batch);
  void transmit(bool known, bool blocked, std::size_t bytes);
  void append_begins(std::uint64_t process, const relay::StoreAppend& append);
  void append_ends(std::uint64_t process, relay::EffectId id);
  void client_message(std::size_t bytes);
  void outbox(std::size_t size, std::size_t limit);
  void timer_spins(const char* whose, std::uint64_t spins);
  void footprint(const relay::ShardFootprint& held);
  void effects_in_turn(const char* whose, std::uint64_t count);

 private:
  struct OpenAppend {
    relay::ChannelKey key;
    Instant since;
  };
  SimContext& context_;
  const SimDirectory& directory_;
  std::map<std::pair<std::uint64_t, relay::EffectId>, OpenAppend> appends_;
};

}  // namespace tidegate::sim
