#include "core/filter/filter_node.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace tidegate::filter {
namespace {

/// How a filter names the field: plainly where it can.
std::string field_name(const FieldPath& path) {
  const bool plain = path.size() == 1 && !path.front().empty() && path.front().front() != '/' &&
                     !is_reserved_name(path.front());
  return quoted(plain ? path.front() : json_pointer_text(path));
}

std::string term_text(const Term& term, const std::string& condition) {
  const bool tag = term.source == Source::Tags;
  const std::string name = tag ? quoted(term.path.front()) : field_name(term.path);
  const std::string filter = "{" + name + ":{" + condition + "}}";
  return tag ? "{\"tags\":" + filter + "}" : filter;
}

/// `neq` and `exists: false` are how people write these two negations.
std::string negation_text(const FilterNode& part) {
  if (const Term* term = std::get_if<Term>(&part.content)) {
    const OneOf* set = std::get_if<OneOf>(&term->comparison);
    if (set != nullptr && set->values.size() == 1) {
      return term_text(*term, "\"neq\":" + scalar_text(set->values.front()));
    }
    if (std::holds_alternative<Present>(term->comparison))
      return term_text(*term, "\"exists\":false");
  }
  return "{\"not\":" + node_text(part) + "}";
}

std::string group_text(const Group& group) {
  if (group.join == Join::Not) return negation_text(group.parts.front());
  if (group.join == Join::All && group.parts.empty()) return "{}";
  std::string text = group.join == Join::All ? "{\"and\":[" : "{\"or\":[";
  for (const FilterNode& part : group.parts) {
    if (text.back() != '[') text += ',';
    text += node_text(part);
  }
  return text + "]}";
}

Group* group_in(FilterNode& node, Join join) {
  Group* group = std::get_if<Group>(&node.content);
  return group != nullptr && group->join == join ? group : nullptr;
}

/// The parts of a group of `join`, with the parts of such groups among them in their place.
std::vector<FilterNode> dissolved(std::vector<FilterNode> parts, Join join) {
  std::vector<FilterNode> flat;
  for (FilterNode& part : parts) {
    Group* group = group_in(part, join);
    if (group == nullptr) {
      flat.push_back(std::move(part));
      continue;
    }
    for (FilterNode& inner : group->parts) flat.push_back(std::move(inner));
  }
  return flat;
}

std::vector<FilterNode> sorted_once(std::vector<FilterNode> parts) {
  std::vector<std::pair<std::string, std::size_t>> order;
  for (std::size_t i = 0; i < parts.size(); ++i) order.emplace_back(node_text(parts[i]), i);
  std::sort(order.begin(), order.end());
  std::vector<FilterNode> sorted;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && order[i].first == order[i - 1].first) continue;
    sorted.push_back(std::move(parts[order[i].second]));
  }
  return sorted;
}

}  // namespace

FilterNode node_of(Term term) { return FilterNode{std::move(term)}; }

FilterNode group_of(Join join, std::vector<FilterNode> parts) {
  return FilterNode{Group{join, std::move(parts)}};
}

FilterNode negated(FilterNode node) {
  std::vector<FilterNode> parts;
  parts.push_back(std::move(node));
  return group_of(Join::Not, std::move(parts));
}

void canonicalize(FilterNode& node) {
  Group* group = std::get_if<Group>(&node.content);
  if (group == nullptr) return;
  for (FilterNode& part : group->parts) canonicalize(part);
  if (group->join == Join::Not) {
    TIDEGATE_CHECK(group->parts.size() == 1);
    Group* inner = group_in(group->parts.front(), Join::Not);
    if (inner == nullptr) return;
    FilterNode doubly_negated = std::move(inner->parts.front());
    node = std::move(doubly_negated);
    return;
  }
  group->parts = sorted_once(dissolved(std::move(group->parts), group->join));
  if (group->parts.size() != 1) return;
  FilterNode only = std::move(group->parts.front());
  node = std::move(only);
}

std::string node_text(const FilterNode& node) {
  if (const Term* term = std::get_if<Term>(&node.content)) {
    return term_text(*term, comparison_text(term->comparison));
  }
  return group_text(*std::get_if<Group>(&node.content));
}

bool is_reserved_name(std::string_view name) {
  return name == "and" || name == "or" || name == "not" || name == "tags";
}

}  // namespace tidegate::filter
