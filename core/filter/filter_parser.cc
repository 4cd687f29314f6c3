#include "core/filter/filter_parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/json_scan.h"
#include "core/base/json_slice.h"
#include "core/base/limits.h"
#include "core/filter/condition_parser.h"

namespace tidegate::filter {
namespace {

class FilterParser {
 public:
  explicit FilterParser(std::string_view text) : text_(text), conditions_(text_) {}
  Result<FilterNode> parse_object(std::string_view value, std::size_t depth);

 private:
  using Parts = std::vector<FilterNode>;
  Status parse_member(const FilterMember& member, std::size_t depth, Parts& parts);
  Status parse_list(Join join, const FilterMember& member, std::size_t depth, Parts& parts);
  Status parse_tags(const FilterMember& member, Parts& parts);
  Status parse_field(const FilterMember& member, Parts& parts);

  FilterText text_;
  ConditionParser conditions_;
};

Result<FilterNode> FilterParser::parse_object(std::string_view value, std::size_t depth) {
  if (json_kind(value) != JsonKind::Object) {
    return text_.error(value, "a filter is an object, such as {\"status\": \"open\"}");
  }
  if (depth > limits::filter_depth_max) {
    return text_.over(value, "filters within filters", "filter_depth_max",
                      limits::filter_depth_max);
  }
  const auto members = text_.members(value);
  if (!members.ok()) return members.error();
  Parts parts;
  for (const FilterMember& member : *members) {
    const Status status = parse_member(member, depth, parts);
    if (!status.ok()) return status.error();
  }
  return group_of(Join::All, std::move(parts));
}

Status FilterParser::parse_member(const FilterMember& member, std::size_t depth, Parts& parts) {
  if (member.name == "and") return parse_list(Join::All, member, depth, parts);
  if (member.name == "or") return parse_list(Join::Any, member, depth, parts);
  if (member.name == "tags") return parse_tags(member, parts);
  if (member.name != "not") return parse_field(member, parts);
  auto part = parse_object(member.value, depth + 1);
  if (!part.ok()) return part.error();
  parts.push_back(negated(*std::move(part)));
  return ok_status();
}

Status FilterParser::parse_list(Join join, const FilterMember& member, std::size_t depth,
                                Parts& parts) {
  if (json_kind(member.value) != JsonKind::Array) {
    return text_.error(member.value, in_quotes(member.name) +
                                         " takes a list of filters; a payload field of that name "
                                         "is written `/" +
                                         member.name + "`");
  }
  Parts listed;
  JsonArrayCursor elements(member.value);
  std::string_view element;
  while (elements.next(element)) {
    auto part = parse_object(element, depth + 1);
    if (!part.ok()) return part.error();
    listed.push_back(*std::move(part));
  }
  parts.push_back(group_of(join, std::move(listed)));
  return ok_status();
}

Status FilterParser::parse_tags(const FilterMember& member, Parts& parts) {
  if (json_kind(member.value) != JsonKind::Object) {
    return text_.error(member.value,
                       "`tags` takes an object of tags and their conditions; a payload field of "
                       "that name is written `/tags`");
  }
  const auto tags = text_.members(member.value);
  if (!tags.ok()) return tags.error();
  for (const FilterMember& tag : *tags) {
    const Status status = conditions_.parse(Source::Tags, {tag.name}, tag.value, parts);
    if (!status.ok()) return status;
  }
  return ok_status();
}

Status FilterParser::parse_field(const FilterMember& member, Parts& parts) {
  FieldPath path = {member.name};
  if (member.name.empty() || member.name.front() == '/') {
    auto pointed = parse_json_pointer(member.name);
    if (!pointed.ok()) return text_.error(member.raw_name, pointed.error().message);
    path = *std::move(pointed);
  }
  return conditions_.parse(Source::Payload, std::move(path), member.value, parts);
}

}  // namespace

Result<FilterNode> parse_filter(std::string_view text) {
  if (text.size() > limits::filter_bytes_max) {
    return Error{ErrorCode::LimitExceeded,
                 "filter: " + std::to_string(text.size()) + " bytes are over filter_bytes_max, " +
                     std::to_string(limits::filter_bytes_max),
                 0};
  }
  const Status json = check_json(text, limits::json_depth_max);
  if (!json.ok()) {
    return Error{ErrorCode::BadRequest, "filter: not JSON: " + json.error().message, 0};
  }
  return FilterParser(text).parse_object(json_trimmed(text), 1);
}

}  // namespace tidegate::filter
