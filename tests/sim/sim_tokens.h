// Fake tokens: a text and what it stands for. The relay sees them as claims with patterns; the
// access checker sees plain bit masks, so that the two can disagree.
#pragma once

#include <map>
#include <string>

#include "edge/relay/claims.h"
#include "tests/sim/sim_directory.h"

namespace tidegate::sim {

struct SimToken {
  std::uint32_t tenant = 0;
  std::string subject;
  std::uint64_t may_subscribe = 0;  // bit for each channel
  std::uint64_t may_publish = 0;
  bool is_outsider = false;  // see sim_redaction.h
  std::optional<WallTime> expires_at;
};

class SimTokens {
 public:
  explicit SimTokens(const SimDirectory& directory) : directory_(directory) {}

  /// Issues a token; its text is what goes over the wire.
  std::string issue(SimToken token);
  const SimToken* find(const std::string& text) const;
  /// What the relay's token verification says at this moment.
  Result<relay::ClaimsPtr> verify(const std::string& text, WallTime now) const;

 private:
  void allow(std::vector<Capability>& capabilities, std::uint64_t mask, Action action) const;

  const SimDirectory& directory_;
  std::map<std::string, SimToken> tokens_;
};

}  // namespace tidegate::sim
