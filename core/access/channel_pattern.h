// The pattern language of capabilities and namespaces: which channels a rule speaks about.
//
// A pattern is a channel name in which a segment may be `*` (any one segment), `{name}` (the same,
// with the value kept under that name), or, as the last segment only, `**` (one or more segments).
// The same code answers at the relay, which enforces, and in the SDK's can(), which only predicts.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/types.h"

namespace tidegate {

class ChannelPattern {
 public:
  /// BadRequest, naming the segment, when the text is not a pattern.
  static Result<ChannelPattern> parse(std::string_view text);

  /// Never of the relay's directory, which is no channel of the application's.
  bool matches(const ChannelName& channel) const;
  /// True when every channel that `other` matches is matched by this one, too.
  bool covers(const ChannelPattern& other) const;
  /// What matches exactly the channels that both match; nullopt when there are none.
  std::optional<ChannelPattern> intersection(const ChannelPattern& other) const;
  /// A filter (docs/FILTERS.md) with the same meaning for records of a channel directory, whose
  /// `segments` are those of the channel's name.
  std::string directory_filter() const;
  /// The values of the `{name}` segments, in order; only meaningful when it matches.
  std::vector<std::pair<std::string, std::string>> holes(const ChannelName& channel) const;
  const std::string& text() const { return text_; }

 private:
  enum class Kind : std::uint8_t { Literal, Any, Hole, Rest };
  struct Segment {
    Kind kind = Kind::Literal;
    std::string text;  // literal, or the hole's name
  };
  static Result<Segment> parse_segment(std::string_view text, std::size_t number, bool last);

  std::string text_;
  std::vector<Segment> segments_;
};

}  // namespace tidegate
