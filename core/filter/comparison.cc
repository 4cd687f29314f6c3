#include "core/filter/comparison.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/json_slice.h"

namespace tidegate::filter {
namespace {

constexpr std::size_t kCircleCost = 8;  // four sines

bool precedes(const Scalar& kept, const ScalarView& value) {
  return order_scalars(view_of(kept), value) < 0;
}

bool test_holds(const OneOf& test, std::string_view value) {
  std::string unescaped;
  const auto scalar = read_scalar(value, unescaped);
  if (!scalar) return false;
  const auto found = std::lower_bound(test.values.begin(), test.values.end(), *scalar, precedes);
  return found != test.values.end() && order_scalars(view_of(*found), *scalar) == 0;
}

bool test_holds(const Related& test, std::string_view value) {
  std::string unescaped;
  const auto scalar = read_scalar(value, unescaped);
  const ScalarView bound = view_of(test.bound);
  if (!scalar || scalar->index() != bound.index()) return false;
  const std::strong_ordering order = order_scalars(*scalar, bound);
  switch (test.relation) {
    case Relation::Less:
      return order < 0;
    case Relation::AtMost:
      return order <= 0;
    case Relation::Greater:
      return order > 0;
    case Relation::AtLeast:
      return order >= 0;
  }
  return false;
}

bool test_holds(const Prefixed& test, std::string_view value) {
  std::string unescaped;
  const auto scalar = read_scalar(value, unescaped);
  const auto* text = scalar ? std::get_if<std::string_view>(&*scalar) : nullptr;
  return text != nullptr && text->substr(0, test.prefix.size()) == test.prefix;
}

bool test_holds(const Present&, std::string_view value) { return !value.empty(); }

bool is_number(std::string_view value) {
  return !value.empty() && json_kind(value) == JsonKind::Number;
}

bool test_holds(const Inside& test, std::string_view value) {
  if (value.empty() || json_kind(value) != JsonKind::Object) return false;
  const PointParts parts = point_parts(value);
  if (!is_number(parts.lat) || !is_number(parts.lon)) return false;
  const auto point = geo_point(read_decimal(parts.lat), read_decimal(parts.lon));
  return point && test.circle.contains(*point);
}

std::string text_of(const OneOf& test) {
  if (test.values.size() == 1) return "\"eq\":" + scalar_text(test.values.front());
  std::string text = "\"in\":[";
  for (const Scalar& value : test.values) {
    if (text.back() != '[') text += ',';
    text += scalar_text(value);
  }
  return text + ']';
}

std::string text_of(const Related& test) {
  constexpr std::array<std::string_view, 4> kNames = {"lt", "lte", "gt", "gte"};
  const std::string_view name = kNames[static_cast<std::size_t>(test.relation)];
  return quoted(name) + ":" + scalar_text(test.bound);
}

std::string text_of(const Prefixed& test) { return "\"prefix\":" + quoted(test.prefix); }
std::string text_of(const Present&) { return "\"exists\":true"; }
std::string text_of(const Inside& test) { return "\"within\":" + test.circle.text(); }

}  // namespace

bool holds(const Comparison& comparison, std::string_view value) {
  return std::visit([value](const auto& one) { return test_holds(one, value); }, comparison);
}

std::string comparison_text(const Comparison& comparison) {
  return std::visit([](const auto& one) { return text_of(one); }, comparison);
}

std::size_t comparison_cost(const Comparison& comparison) {
  if (std::holds_alternative<Inside>(comparison)) return kCircleCost;
  std::size_t cost = 1;
  if (const OneOf* set = std::get_if<OneOf>(&comparison)) {
    for (std::size_t left = set->values.size(); left > 1; left /= 2) ++cost;  // a binary search
  }
  return cost;
}

PointParts point_parts(std::string_view object) {
  constexpr std::array<std::string_view, 5> kNames = {"lat", "latitude", "lon", "lng", "longitude"};
  std::array<std::string_view, kNames.size()> found;
  JsonObjectCursor members(object);
  std::string_view name;
  std::string_view value;
  while (members.next(name, value)) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (json_same_text(name, kNames[i])) found[i] = value;
    }
  }
  const auto first_of = [&found](std::size_t begin, std::size_t end) {
    while (begin + 1 < end && found[begin].empty()) ++begin;
    return found[begin];
  };
  return {first_of(0, 2), first_of(2, kNames.size())};
}

}  // namespace tidegate::filter
