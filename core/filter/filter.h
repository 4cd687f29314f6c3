// Filters of subscriptions: which records of a channel a subscriber wants, decided by the record's
// JSON payload and its tags. The language is specified in docs/FILTERS.md.
//
// A filter answers for every record: what is missing or of another type is not equal, not less and
// not greater. Numbers are compared exactly, places in integers, so that relay and browser agree.
// Here is no I/O and no clock; matches() allocates only for strings that are written with escapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/result.h"
#include "core/filter/filter_node.h"

namespace tidegate {

class Filter {
 public:
  /// BadRequest or LimitExceeded with a message for people: at which byte, and what is allowed.
  static Result<Filter> parse(std::string_view text);

  /// Both texts have passed check_json(). An empty view stands for a binary payload, in which no
  /// field exists, and for no tags.
  bool matches(std::string_view payload_json, std::string_view tags_json) const;

  /// The one spelling of all filters that differ only in the order of members and parts, in the
  /// spelling of numbers and strings, in the order and repetition within lists, or in grouping. It
  /// is a filter of the same meaning, though it may be longer than one that parse() accepts.
  const std::string& canonical() const { return canonical_; }
  /// Of canonical(). With a secret seed, nobody can make two filters whose hashes are equal.
  Hash128 hash(std::uint64_t seed = 0) const { return hash128(canonical_, seed); }

  /// Whether the answer may depend on this member of the payload. True for every name when the
  /// filter looks at the payload as a whole.
  bool reads_field(std::string_view top_level_name) const;
  /// A rough price of matches() beside walking the payload: places and comparisons, at least 1.
  std::size_t cost() const { return cost_; }

 private:
  explicit Filter(filter::FilterNode root);

  filter::FilterNode root_;
  filter::FieldTree payload_;
  filter::FieldTree tags_;
  bool reads_whole_payload_ = false;
  std::size_t cost_ = 0;
  std::string canonical_;
};

}  // namespace tidegate
