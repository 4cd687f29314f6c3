// One comparison of a filter, put to one value: what stands behind a field's name. It answers for
// every value: one that is missing or of another type fails it. `neq` is no comparison of its own
// but the negation of equality (filter_node.h), which is why it holds for such values.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/filter/geo_circle.h"
#include "core/filter/scalar.h"

namespace tidegate::filter {

/// `eq` and `in`: the value is one of these.
struct OneOf {
  std::vector<Scalar> values;  // by order_scalars(), each once
};
enum class Relation : std::uint8_t { Less, AtMost, Greater, AtLeast };
/// `lt`, `lte`, `gt`, `gte`.
struct Related {
  Relation relation = Relation::Less;
  Scalar bound;  // a number or a string
};
struct Prefixed {
  std::string prefix;
};
/// `exists`; null is a value like any other.
struct Present {};
/// `within`.
struct Inside {
  GeoCircle circle;
};
using Comparison = std::variant<OneOf, Related, Prefixed, Present, Inside>;

/// `value` is trimmed JSON; empty when there is none.
bool holds(const Comparison& comparison, std::string_view value);
/// A member of a condition, `"lt":10`, in the one spelling of this comparison.
std::string comparison_text(const Comparison& comparison);
/// A rough price of holds(), in comparisons of two scalars.
std::size_t comparison_cost(const Comparison& comparison);

/// The parts of a point, empty where they are missing: `lat` or `latitude`, and `lon`, `lng` or
/// `longitude`. Where several are there, the first of these counts.
struct PointParts {
  std::string_view lat;
  std::string_view lon;
};
PointParts point_parts(std::string_view object);

}  // namespace tidegate::filter
