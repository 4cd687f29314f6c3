// What one group of readers is shown of a channel: everything, or what a redaction leaves of it
// and then a filter lets through. In this order: a filter that judged what its reader may not see
// would tell of it by what it lets through.
#pragma once

#include <memory>
#include <string>

#include "core/filter/filter.h"
#include "edge/relay/channel_log.h"
#include "edge/relay/redaction.h"

namespace tidegate::relay {

using FilterPtr = std::shared_ptr<const Filter>;

struct ViewProgram {
  RedactionPtr redaction{};
  FilterPtr filter{};
  /// The filter is not what the reader wants but what it may know of.
  bool filter_is_a_right = false;

  /// Everything is shown as it is.
  bool is_identity() const { return redaction == nullptr && filter == nullptr; }
  /// A reader must not learn that something exists which it is not shown; so no delete of a record
  /// is sent that was not shown before.
  bool conceals() const {
    return filter_is_a_right || (redaction != nullptr && redaction->hides_publications());
  }
  /// Work for each publication (Filter::cost).
  std::size_t filter_cost() const { return filter == nullptr ? 0 : filter->cost(); }
  /// What its rows are made of: through a program, readers of records get them whole.
  Measure measure() const { return is_identity() ? Measure::Published : Measure::Whole; }
  /// True when both show the same of every publication.
  bool shows_as(const ViewProgram& other) const;
  /// A hash of what is shown, as part of epoch tokens; empty for everything.
  std::string tag() const;
  /// As the readers see the publication, or the whole record; nullptr: not at all.
  PublicationPtr visible(const PublicationPtr& publication) const;
};

}  // namespace tidegate::relay
