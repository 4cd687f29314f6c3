// Matching is one walk over the tags and one over the payload, which put what the filter looks at
// into slots, and then the tree of comparisons over these slots.
#include "core/filter/filter.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/base/limits.h"
#include "core/filter/filter_parser.h"

namespace tidegate {
namespace {

using filter::FieldPath;
using filter::FieldTree;
using filter::FilterNode;
using filter::Group;
using filter::Join;
using filter::Source;
using filter::Term;

using Slots = std::span<const std::string_view>;

bool holds(const FilterNode& node, Slots slots) {
  if (const Term* term = std::get_if<Term>(&node.content)) {
    return filter::holds(term->comparison, slots[term->slot]);
  }
  const Group& group = *std::get_if<Group>(&node.content);
  const auto part_holds = [slots](const FilterNode& part) { return holds(part, slots); };
  switch (group.join) {
    case Join::All:
      return std::all_of(group.parts.begin(), group.parts.end(), part_holds);
    case Join::Any:
      return std::any_of(group.parts.begin(), group.parts.end(), part_holds);
    case Join::Not:
      return !holds(group.parts.front(), slots);
  }
  return false;
}

FieldTree fields_of(const FilterNode& root, Source source) {
  std::vector<FieldPath> paths;
  filter::for_each_term(root, [&](const Term& term) {
    if (term.source == source) paths.push_back(term.path);
  });
  return FieldTree(paths);
}

}  // namespace

Result<Filter> Filter::parse(std::string_view text) {
  auto root = filter::parse_filter(text);
  if (!root.ok()) return root.error();
  Filter parsed(*std::move(root));
  const std::size_t slots = parsed.payload_.slots() + parsed.tags_.slots();
  if (slots > limits::filter_fields_max) {
    return Error{ErrorCode::LimitExceeded,
                 "filter: it looks at " + std::to_string(slots) +
                     " places, counting those above them; filter_fields_max is " +
                     std::to_string(limits::filter_fields_max),
                 0};
  }
  return parsed;
}

Filter::Filter(FilterNode root) : root_(std::move(root)) {
  filter::canonicalize(root_);
  canonical_ = filter::node_text(root_);
  payload_ = fields_of(root_, Source::Payload);
  tags_ = fields_of(root_, Source::Tags);
  cost_ = payload_.slots() + tags_.slots() - 1;
  filter::for_each_term(root_, [this](Term& term) {
    const bool tag = term.source == Source::Tags;
    term.slot = tag ? payload_.slots() + tags_.slot(term.path) : payload_.slot(term.path);
    reads_whole_payload_ = reads_whole_payload_ || (!tag && term.path.empty());
    cost_ += filter::comparison_cost(term.comparison);
  });
}

bool Filter::matches(std::string_view payload_json, std::string_view tags_json) const {
  std::array<std::string_view, limits::filter_fields_max> slots;
  payload_.pick(payload_json, std::span(slots).first(payload_.slots()));
  tags_.pick(tags_json, std::span(slots).subspan(payload_.slots(), tags_.slots()));
  return holds(root_, slots);
}

bool Filter::reads_field(std::string_view top_level_name) const {
  return reads_whole_payload_ || payload_.has_top_level(top_level_name);
}

}  // namespace tidegate
