#include "core/filter/condition_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/json_slice.h"
#include "core/base/limits.h"

namespace tidegate::filter {
namespace {

enum class Operator : std::uint8_t { Eq, Neq, In, Lt, Lte, Gt, Gte, Prefix, Exists, Within };
constexpr std::array<std::string_view, 10> kOperators = {"eq", "neq", "in",     "lt",     "lte",
                                                         "gt", "gte", "prefix", "exists", "within"};

/// What other languages call our operators.
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kOtherNames = {{
    {"=", "eq"},          {"==", "eq"},       {"$eq", "eq"},   {"equals", "eq"},
    {"!=", "neq"},        {"<>", "neq"},      {"ne", "neq"},   {"$ne", "neq"},
    {"$in", "in"},        {"<", "lt"},        {"$lt", "lt"},   {"<=", "lte"},
    {"le", "lte"},        {"$lte", "lte"},    {">", "gt"},     {"$gt", "gt"},
    {">=", "gte"},        {"ge", "gte"},      {"$gte", "gte"}, {"startsWith", "prefix"},
    {"starts", "prefix"}, {"near", "within"},
}};

std::string unknown_operator(std::string_view name) {
  const std::string unknown = "unknown operator " + in_quotes(name) + "; ";
  for (const auto& [other, ours] : kOtherNames) {
    if (name == other) return unknown + "use " + std::string(ours);
  }
  std::string allowed;
  for (const std::string_view one : kOperators) {
    if (!allowed.empty()) allowed += one == kOperators.back() ? " or " : ", ";
    allowed += one;
  }
  return unknown + "use " + allowed + ", or name a field within by a pointer such as `/a/b`";
}

bool is_boolean(JsonKind kind) { return kind == JsonKind::True || kind == JsonKind::False; }

std::vector<Scalar> sorted_once(std::vector<Scalar> values) {
  const auto order = [](const Scalar& left, const Scalar& right) {
    return order_scalars(view_of(left), view_of(right));
  };
  const auto precedes = [&](const Scalar& a, const Scalar& b) { return order(a, b) < 0; };
  const auto same = [&](const Scalar& a, const Scalar& b) { return order(a, b) == 0; };
  std::sort(values.begin(), values.end(), precedes);
  values.erase(std::unique(values.begin(), values.end(), same), values.end());
  return values;
}

/// Puts the value of a good result into the term.
template <typename T>
Result<FilterNode> completed(Term term, Result<T> comparison) {
  if (!comparison.ok()) return comparison.error();
  term.comparison = *std::move(comparison);
  return node_of(std::move(term));
}

Result<OneOf> equal_to(Result<Scalar> value) {
  if (!value.ok()) return value.error();
  OneOf only;
  only.values.push_back(*std::move(value));
  return only;
}

}  // namespace

Status ConditionParser::parse(Source source, FieldPath path, std::string_view condition,
                              std::vector<FilterNode>& parts) {
  const Term term{source, std::move(path), 0, Present()};
  std::vector<FilterMember> operators;
  if (json_kind(condition) == JsonKind::Array) {
    return text_.error(condition, "a list is no condition; write {\"in\": [\"a\", \"b\"]}");
  }
  if (json_kind(condition) == JsonKind::Object) {
    auto members = text_.members(condition);
    if (!members.ok()) return members.error();
    operators = *std::move(members);
    if (operators.empty()) {
      return text_.error(condition, "a condition has an operator, such as {\"eq\": \"open\"}");
    }
  } else {
    operators.push_back({condition, "eq", condition});
  }
  for (const FilterMember& member : operators) {
    if (++terms_ > limits::filter_terms_max) {
      return text_.over(member.raw_name, "comparisons", "filter_terms_max",
                        limits::filter_terms_max);
    }
    auto node = parse_operator(member, term);
    if (!node.ok()) return node.error();
    parts.push_back(*std::move(node));
  }
  return ok_status();
}

Result<FilterNode> ConditionParser::parse_operator(const FilterMember& member, Term term) {
  const auto found = std::find(kOperators.begin(), kOperators.end(), member.name);
  if (found == kOperators.end()) return text_.error(member.raw_name, unknown_operator(member.name));
  const JsonKind kind = json_kind(member.value);
  switch (static_cast<Operator>(found - kOperators.begin())) {
    case Operator::Eq:
      return completed(std::move(term), equal_to(parse_scalar(member.value)));
    case Operator::Neq: {
      auto equal = completed(std::move(term), equal_to(parse_scalar(member.value)));
      if (!equal.ok()) return equal;
      return negated(*std::move(equal));
    }
    case Operator::In:
      return completed(std::move(term), parse_in(member));
    case Operator::Lt:
      return completed(std::move(term), parse_related(member, Relation::Less));
    case Operator::Lte:
      return completed(std::move(term), parse_related(member, Relation::AtMost));
    case Operator::Gt:
      return completed(std::move(term), parse_related(member, Relation::Greater));
    case Operator::Gte:
      return completed(std::move(term), parse_related(member, Relation::AtLeast));
    case Operator::Prefix:
      if (kind != JsonKind::String) return text_.error(member.value, "`prefix` takes a string");
      term.comparison = Prefixed{json_unescaped(member.value.substr(1, member.value.size() - 2))};
      return node_of(std::move(term));
    case Operator::Exists:
      if (!is_boolean(kind)) return text_.error(member.value, "`exists` takes true or false");
      term.comparison = Present();
      return kind == JsonKind::True ? node_of(std::move(term)) : negated(node_of(std::move(term)));
    case Operator::Within:
      if (term.source == Source::Tags) {
        return text_.error(member.raw_name, "a tag is no place; `within` is for payload fields");
      }
      return completed(std::move(term), parse_within(member));
  }
  return text_.error(member.raw_name, unknown_operator(member.name));
}

Result<Scalar> ConditionParser::parse_scalar(std::string_view value) const {
  std::string unescaped;
  const auto scalar = read_scalar(value, unescaped);
  if (!scalar) {
    return text_.error(value,
                       "objects and lists are not compared; take a string, a number, true, false "
                       "or null, and name a field within by a pointer such as `/a/b`");
  }
  const Decimal* number = std::get_if<Decimal>(&*scalar);
  if (number != nullptr && number->cut) {
    return text_.error(value, "an exponent is at most filter_exponent_max, " +
                                  std::to_string(limits::filter_exponent_max));
  }
  return scalar_of(*scalar);
}

Result<OneOf> ConditionParser::parse_in(const FilterMember& member) {
  if (json_kind(member.value) != JsonKind::Array) {
    return text_.error(member.value, "`in` takes a list, such as [\"open\", \"ready\"]");
  }
  OneOf set;
  JsonArrayCursor elements(member.value);
  std::string_view element;
  while (elements.next(element)) {
    if (++values_ > limits::filter_values_max) {
      return text_.over(element, "values in the lists of `in`", "filter_values_max",
                        limits::filter_values_max);
    }
    auto value = parse_scalar(element);
    if (!value.ok()) return value.error();
    set.values.push_back(*std::move(value));
  }
  set.values = sorted_once(std::move(set.values));
  return set;
}

Result<Related> ConditionParser::parse_related(const FilterMember& member,
                                               Relation relation) const {
  const JsonKind kind = json_kind(member.value);
  if (kind != JsonKind::Number && kind != JsonKind::String) {
    return text_.error(member.value, in_quotes(member.name) + " takes a number or a string");
  }
  auto bound = parse_scalar(member.value);
  if (!bound.ok()) return bound.error();
  return Related{relation, *std::move(bound)};
}

Result<Inside> ConditionParser::parse_within(const FilterMember& member) const {
  if (json_kind(member.value) != JsonKind::Object) {
    return text_.error(member.value, "`within` takes {\"lat\": …, \"lon\": …, \"metres\": …}");
  }
  const auto members = text_.members(member.value);
  if (!members.ok()) return members.error();
  std::string_view metres;
  for (const FilterMember& part : *members) {
    if (json_kind(part.value) != JsonKind::Number) {
      return text_.error(part.value, in_quotes(part.name) + " takes a number");
    }
    const bool is_place = part.name == "lat" || part.name == "latitude" || part.name == "lon" ||
                          part.name == "lng" || part.name == "longitude";
    if (part.name == "metres") {
      metres = part.value;
    } else if (!is_place) {
      return text_.error(part.raw_name, "unknown member " + in_quotes(part.name) +
                                            "; `within` takes lat, lon and metres");
    }
  }
  const PointParts centre = point_parts(member.value);
  if (members->size() != 3 || centre.lat.empty() || centre.lon.empty() || metres.empty()) {
    return text_.error(member.value, "`within` takes one lat, one lon and one metres");
  }
  const auto point = geo_point(read_decimal(centre.lat), read_decimal(centre.lon));
  if (!point) {
    return text_.error(member.value,
                       "a latitude is from -90 to 90 degrees, a longitude from -180 to 180");
  }
  const auto radius_mm = parse_metres(metres);
  if (!radius_mm.ok()) return radius_mm.error();
  return Inside{GeoCircle(*point, *radius_mm)};
}

/// In millimetres.
Result<std::int64_t> ConditionParser::parse_metres(std::string_view value) const {
  const Decimal metres = read_decimal(value);
  const auto radius_mm = fixed_point(metres, 3);
  if (metres.sign < 0 || !radius_mm || *radius_mm > limits::filter_metres_max * 1000) {
    return text_.error(value, "`metres` is from 0 to filter_metres_max, " +
                                  std::to_string(limits::filter_metres_max));
  }
  return *radius_mm;
}

}  // namespace tidegate::filter
