// Patterns are short (a few segments), so matching walks both texts once and allocates nothing.
#include "core/access/channel_pattern.h"

#include <algorithm>

#include "core/base/limits.h"

namespace tidegate {
namespace {

Error bad_segment(std::size_t segment, std::string_view what) {
  return Error{ErrorCode::BadRequest,
               "segment " + std::to_string(segment) + " of the pattern " + std::string(what), 0};
}

/// Takes the text up to the next ':' off the front of `rest`.
std::string_view take_segment(std::string_view& rest) {
  const std::size_t colon = rest.find(':');
  const std::string_view segment = rest.substr(0, colon);
  rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  return segment;
}

bool is_hole_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

}  // namespace

Result<ChannelPattern> ChannelPattern::parse(std::string_view text) {
  if (text.size() > limits::channel_name_bytes_max) {
    return Error{ErrorCode::BadRequest,
                 "the pattern has more than " + std::to_string(limits::channel_name_bytes_max) +
                     " bytes, more than any channel name",
                 0};
  }
  ChannelPattern pattern;
  pattern.text_ = std::string(text);
  std::string_view rest = text;
  for (bool last = false; !last;) {
    const std::size_t number = pattern.segments_.size() + 1;
    last = rest.find(':') == std::string_view::npos;
    if (number > limits::channel_segments_max) {
      return bad_segment(number, "is one more than any channel name can have");
    }
    auto segment = parse_segment(take_segment(rest), number, last);
    if (!segment.ok()) return segment.error();
    for (const Segment& earlier : pattern.segments_) {
      if (segment->kind == Kind::Hole && earlier.kind == Kind::Hole &&
          earlier.text == segment->text) {
        return bad_segment(number, "has the name of an earlier one");
      }
    }
    pattern.segments_.push_back(*std::move(segment));
  }
  return pattern;
}

Result<ChannelPattern::Segment> ChannelPattern::parse_segment(std::string_view text,
                                                              std::size_t number, bool last) {
  if (text == "*") return Segment{Kind::Any, ""};
  if (text == "**") {
    if (!last) return bad_segment(number, "is `**`, which is only allowed at the end");
    return Segment{Kind::Rest, ""};
  }
  if (!text.empty() && text.front() == '{') {
    const std::string_view name = text.substr(1, text.size() - 2);
    if (text.back() != '}' || !is_hole_name(name)) {
      return bad_segment(number, "is not `{name}` with a name of letters, digits and `_`");
    }
    return Segment{Kind::Hole, std::string(name)};
  }
  const auto literal = ChannelName::parse(text);  // one segment: take_segment left no ':' in it
  if (!literal.ok()) return bad_segment(number, "is wrong: " + literal.error().message);
  if (literal->is_directory()) return bad_segment(number, "is the relay's own channel");
  return Segment{Kind::Literal, std::string(text)};
}

bool ChannelPattern::covers(const ChannelPattern& other) const {
  std::size_t at = 0;
  for (const Segment& segment : segments_) {
    if (at == other.segments_.size()) return false;
    if (segment.kind == Kind::Rest) return true;
    const Segment& theirs = other.segments_[at++];
    if (theirs.kind == Kind::Rest) return false;
    const bool only_that = theirs.kind == Kind::Literal && theirs.text == segment.text;
    if (segment.kind == Kind::Literal && !only_that) return false;
  }
  return at == other.segments_.size() && !segments_.empty();
}

std::optional<ChannelPattern> ChannelPattern::intersection(const ChannelPattern& other) const {
  std::string text;
  const auto add = [&text](const Segment& segment) {
    text += text.empty() ? "" : ":";
    text += segment.kind == Kind::Literal ? segment.text : segment.kind == Kind::Rest ? "**" : "*";
  };
  const std::size_t shorter = std::min(segments_.size(), other.segments_.size());
  for (std::size_t at = 0; at < shorter; ++at) {
    const Segment& mine = segments_[at];
    const Segment& theirs = other.segments_[at];
    if (mine.kind == Kind::Rest || theirs.kind == Kind::Rest) {
      // One or more of anything, cut down by what the other still has to say.
      const auto& rest = mine.kind == Kind::Rest ? other.segments_ : segments_;
      std::for_each(rest.begin() + static_cast<std::ptrdiff_t>(at), rest.end(), add);
      return *parse(text);
    }
    const bool both_literal = mine.kind == Kind::Literal && theirs.kind == Kind::Literal;
    if (both_literal && mine.text != theirs.text) return std::nullopt;
    add(mine.kind == Kind::Literal ? mine : theirs);
  }
  if (shorter == 0 || segments_.size() != other.segments_.size()) return std::nullopt;
  return *parse(text);
}

std::string ChannelPattern::directory_filter() const {
  const auto place = [](std::size_t index) { return "\"/segments/" + std::to_string(index) + '"'; };
  std::string filter = "{";
  std::size_t index = 0;
  for (const Segment& segment : segments_) {
    const bool literal = segment.kind == Kind::Literal;
    filter += place(index++) + (literal ? ":\"" + segment.text + '"' : ":{\"exists\":true}") + ',';
  }
  const bool open_ended = !segments_.empty() && segments_.back().kind == Kind::Rest;
  if (open_ended) {
    filter.pop_back();
  } else {
    filter += place(index) + ":{\"exists\":false}";
  }
  return filter + '}';
}

bool ChannelPattern::matches(const ChannelName& channel) const {
  if (channel.is_directory()) return false;
  std::string_view rest = channel.view();
  for (const Segment& segment : segments_) {
    if (rest.empty()) return false;
    if (segment.kind == Kind::Rest) return true;
    const std::string_view part = take_segment(rest);
    if (segment.kind == Kind::Literal && part != segment.text) return false;
  }
  return rest.empty() && !segments_.empty();
}

std::vector<std::pair<std::string, std::string>> ChannelPattern::holes(
    const ChannelName& channel) const {
  std::vector<std::pair<std::string, std::string>> found;
  std::string_view rest = channel.view();
  for (const Segment& segment : segments_) {
    const std::string_view part = take_segment(rest);
    if (segment.kind == Kind::Hole) found.emplace_back(segment.text, std::string(part));
  }
  return found;
}

}  // namespace tidegate
