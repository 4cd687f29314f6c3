// I3 (in part): nothing is handed to a transport that the connection's token does not allow, and
// nothing of another tenant. The checker reads the bytes themselves: the token from the client's
// hello, the channel of each block from the subscribe answers before it.
#pragma once

#include <map>
#include <string>

#include "tests/sim/sim_context.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_tokens.h"

namespace tidegate::sim {

class AccessChecker {
 public:
  AccessChecker(SimContext& context, const SimDirectory& directory, const SimTokens& tokens,
                const Oracle& oracle)
      : context_(context), directory_(directory), tokens_(tokens), oracle_(oracle) {}

  /// The relay has read this from a client.
  void relay_read(LinkId link, ByteView message);
  /// The relay hands this to a client's transport.
  void relay_wrote(LinkId link, ByteView message);
  void link_over(LinkId link) { links_.erase(link); }

 private:
  struct Seen {
    std::string token;
    std::map<std::uint32_t, std::uint32_t> channel_of_stream;
  };
  void check_subscribed(LinkId link, Seen& seen, std::span<const std::uint8_t> body);
  void check_block(LinkId link, const Seen& seen, std::span<const std::uint8_t> body);
  bool token_allows(const Seen& seen, std::uint32_t channel, std::string& why) const;

  SimContext& context_;
  const SimDirectory& directory_;
  const SimTokens& tokens_;
  const Oracle& oracle_;
  std::map<LinkId, Seen> links_;
};

}  // namespace tidegate::sim
