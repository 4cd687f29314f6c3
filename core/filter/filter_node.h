// A filter as it is kept: comparisons joined by and, or and not. There is one form for all ways to
// write the same filter (canonicalize), which is what is hashed, shown and evaluated.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/filter/comparison.h"
#include "core/filter/field_tree.h"

namespace tidegate::filter {

enum class Source : std::uint8_t { Payload, Tags };

/// A comparison of what stands at one place.
struct Term {
  Source source = Source::Payload;
  FieldPath path;        // one name for a tag
  std::size_t slot = 0;  // among all slots of the filter; set when the whole of it is known
  Comparison comparison;
};

enum class Join : std::uint8_t { All, Any, Not };  // Not has one part

struct FilterNode;
struct Group {
  Join join = Join::All;
  std::vector<FilterNode> parts;
};
struct FilterNode {
  std::variant<Group, Term> content;
};

FilterNode node_of(Term term);
FilterNode group_of(Join join, std::vector<FilterNode> parts);
FilterNode negated(FilterNode node);

/// Dissolves groups within groups of the same kind, groups of one and double negations; sorts the
/// parts of each group and drops those that are there twice. The meaning stays.
void canonicalize(FilterNode& node);

/// The text of a canonical node, itself a filter.
std::string node_text(const FilterNode& node);

/// Calls visit(term) for every term; `Node` is FilterNode or const FilterNode.
template <typename Node, typename Visit>
void for_each_term(Node& node, const Visit& visit) {
  if (auto* term = std::get_if<Term>(&node.content)) return visit(*term);
  for (auto& part : std::get_if<Group>(&node.content)->parts) for_each_term(part, visit);
}

/// The names that a filter uses itself; a field of such a name is written as a pointer.
bool is_reserved_name(std::string_view name);

}  // namespace tidegate::filter
