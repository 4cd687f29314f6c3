// What readers may not see of publications: interfaces, since the rules are of whoever configures
// them. A namespace has RedactionRules; they give each reader's claims a Redaction, and readers
// with equal ones share their view of a channel, and its frames.
#pragma once

#include <memory>
#include <string>

#include "core/stream/publication.h"
#include "edge/relay/claims.h"

namespace tidegate::relay {

/// Depends on nothing but the publication it is given and what canonical() says, so that the same
/// readers see the same in live blocks, replays, pages and reads over HTTP.
class Redaction {
 public:
  virtual ~Redaction() = default;
  /// The publication itself, or a copy from which something is missing; its operation and key stay.
  /// nullptr: the readers do not learn of it. Never asked about a merge or a delete of a state
  /// channel: those are judged by the records before and after.
  virtual PublicationPtr visible(const PublicationPtr& publication) const = 0;
  /// Some publications are hidden as a whole, so even a delete may tell too much.
  virtual bool hides_publications() const = 0;
  /// The program and what it reads of the claims, as text: equal texts show the same.
  virtual const std::string& canonical() const = 0;
};
using RedactionPtr = std::shared_ptr<const Redaction>;

class RedactionRules {
 public:
  virtual ~RedactionRules() = default;
  /// nullptr: whoever has these claims sees everything.
  virtual RedactionPtr redaction_for(const Claims& claims) const = 0;
};
using RedactionRulesPtr = std::shared_ptr<const RedactionRules>;

}  // namespace tidegate::relay
