// The conditions of a filter: what is asked of one field or tag. `"open"`, `{"gte": 1, "lt": 5}`.
#pragma once

#include <string_view>
#include <vector>

#include "core/filter/filter_node.h"
#include "core/filter/filter_text.h"

namespace tidegate::filter {

class ConditionParser {
 public:
  explicit ConditionParser(const FilterText& text) : text_(text) {}

  /// Appends one node for each operator of the condition. The limits on comparisons and values
  /// count over all calls.
  Status parse(Source source, FieldPath path, std::string_view condition,
               std::vector<FilterNode>& parts);

 private:
  Result<FilterNode> parse_operator(const FilterMember& member, Term term);
  Result<Scalar> parse_scalar(std::string_view value) const;
  Result<OneOf> parse_in(const FilterMember& member);
  Result<Related> parse_related(const FilterMember& member, Relation relation) const;
  Result<Inside> parse_within(const FilterMember& member) const;
  Result<std::int64_t> parse_metres(std::string_view value) const;

  const FilterText& text_;
  std::size_t terms_ = 0;
  std::size_t values_ = 0;
};

}  // namespace tidegate::filter
