// What the relay of a run keeps from outsiders of state channels: they are shown the field `n` of a
// record and nothing else, and do not learn of records whose tags end with mark 3. The oracle's
// version of the same is in check/record_filters.cc.
#pragma once

#include "edge/relay/redaction.h"

namespace tidegate::sim {

/// The token id that makes an outsider.
inline constexpr const char* kOutsider = "outsider";

class SimRedactionRules final : public relay::RedactionRules {
 public:
  relay::RedactionPtr redaction_for(const relay::Claims& claims) const override;
};

}  // namespace tidegate::sim
