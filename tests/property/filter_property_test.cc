// Filters against a second evaluator, written on nlohmann::json from docs/FILTERS.md alone and with
// other means: numbers are long doubles, distances come from libm. The texts spell the same value
// in many ways; what is compared has at most 15 digits, which a long double tells apart.
#include "core/filter/filter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/json_scan.h"
#include "core/base/limits.h"

namespace tidegate::test {
namespace {

using Json = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t,
                                  std::uint64_t, long double>;

/// From the whole range at once: by itself, rapidcheck stays near `begin` in its first hundred
/// runs.
template <typename T>
T pick(T begin, T end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(begin, end));
}
bool chance(int one_in) { return pick(0, one_in) == 0; }
std::string one_of(const std::vector<std::string>& choices) {
  return choices[static_cast<std::size_t>(pick(0, static_cast<int>(choices.size())))];
}

// --- the second evaluator -----------------------------------------------------------------------

const Json* place(const Json& root, const std::string& name) {
  if (!name.empty() && name[0] != '/')
    return root.is_object() && root.contains(name) ? &root[name] : nullptr;
  const Json::json_pointer pointer(name);
  return root.contains(pointer) ? &root[pointer] : nullptr;
}

bool same_kind(const Json& a, const Json& b) {
  return (a.is_number() && b.is_number()) || (a.is_string() && b.is_string());
}
bool equal(const Json& a, const Json& b) {
  return (same_kind(a, b) || a.type() == b.type()) && !a.is_structured() && a == b;
}

const Json* first_of(const Json& object, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (object.contains(name)) return &object[name];
  }
  return nullptr;
}

long double metres_between(long double lat1, long double lon1, long double lat2, long double lon2) {
  const long double degree = std::acos(-1.0L) / 180;
  const long double a = std::pow(std::sin((lat2 - lat1) * degree / 2), 2) +
                        std::cos(lat1 * degree) * std::cos(lat2 * degree) *
                            std::pow(std::sin((lon2 - lon1) * degree / 2), 2);
  return 2 * 6371008.8L * std::asin(std::min(1.0L, std::sqrt(a)));
}

bool inside(const Json& value, const Json& circle) {
  if (!value.is_object()) return false;
  const Json* lat = first_of(value, {"lat", "latitude"});
  const Json* lon = first_of(value, {"lon", "lng", "longitude"});
  if (!lat || !lon || !lat->is_number() || !lon->is_number()) return false;
  const auto y = lat->get<long double>();
  const auto x = lon->get<long double>();
  if (std::abs(y) > 90 || std::abs(x) > 180) return false;
  return metres_between(y, x, circle["lat"], circle["lon"]) <= circle["metres"].get<long double>();
}

bool holds_operator(const std::string& name, const Json& operand, const Json* value) {
  if (name == "exists") return (value != nullptr) == operand.get<bool>();
  if (name == "neq") return value == nullptr || !equal(*value, operand);
  if (value == nullptr) return false;
  if (name == "eq") return equal(*value, operand);
  if (name == "in") {
    return std::any_of(operand.begin(), operand.end(),
                       [&](const Json& one) { return equal(*value, one); });
  }
  if (name == "within") return inside(*value, operand);
  if (name == "prefix") {
    return value->is_string() &&
           value->get<std::string>().rfind(operand.get<std::string>(), 0) == 0;
  }
  if (!same_kind(*value, operand)) return false;
  if (name == "lt") return *value < operand;
  if (name == "lte") return *value <= operand;
  if (name == "gt") return *value > operand;
  return *value >= operand;
}

bool holds_condition(const Json& condition, const Json* value) {
  if (!condition.is_object()) return holds_operator("eq", condition, value);
  for (const auto& [name, operand] : condition.items()) {
    if (!holds_operator(name, operand, value)) return false;
  }
  return true;
}

bool holds_filter(const Json& filter, const Json* payload, const Json& tags) {
  const auto part_holds = [&](const Json& part) { return holds_filter(part, payload, tags); };
  for (const auto& [name, value] : filter.items()) {
    bool good = true;
    if (name == "and") {
      good = std::all_of(value.begin(), value.end(), part_holds);
    } else if (name == "or") {
      good = std::any_of(value.begin(), value.end(), part_holds);
    } else if (name == "not") {
      good = !part_holds(value);
    } else if (name == "tags") {
      for (const auto& [tag, condition] : value.items()) {
        good = good && holds_condition(condition, tags.contains(tag) ? &tags[tag] : nullptr);
      }
    } else {
      good = holds_condition(value, payload ? place(*payload, name) : nullptr);
    }
    if (!good) return false;
  }
  return true;
}

// --- texts --------------------------------------------------------------------------------------

/// mantissa × 10^exponent in one of its spellings.
std::string spelled_number(int mantissa, int exponent) {
  std::string digits = std::to_string(std::abs(mantissa));
  for (int zeros = pick(0, 3); zeros > 0; --zeros, --exponent) digits += '0';
  if (mantissa == 0) digits = "0";
  if (chance(2) && digits.size() > 1) {
    const auto point = static_cast<std::size_t>(pick(1, static_cast<int>(digits.size())));
    exponent += static_cast<int>(digits.size() - point);
    digits.insert(point, ".");
  }
  if (exponent != 0 || chance(4)) {
    digits += one_of({"e", "E"}) + (exponent >= 0 ? one_of({"", "+"}) : "-") + one_of({"", "0"}) +
              std::to_string(std::abs(exponent));
  }
  return (mantissa < 0 ? "-" : "") + digits;
}

std::string spelled_string(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (byte < 0x20 || c == '"' || c == '\\' || chance(6))) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      json += escape;
    } else {
      json += c;
    }
  }
  return json + '"';
}

/// A value of a filter or payload, before it is spelled: scalars of few values, so that they meet.
struct Value {
  int kind = 0;
  int mantissa = 0;
  int exponent = 0;
  std::string text;
};
Value random_number() { return {0, pick(-2, 6), pick(-1, 2), ""}; }
Value random_string() {
  return {1, 0, 0,
          one_of({"", "a", "ab", "abc", "b", "\xC3\xA9", "a\"\\", "\xF0\x9F\x98\x80", "\n"})};
}
Value random_scalar() {
  const int kind = pick(0, 7);
  if (kind < 3) return random_number();
  if (kind < 5) return random_string();
  return {2, 0, 0, one_of({"true", "false", "null"})};
}
std::string spelled(const Value& value) {
  if (value.kind == 0) return spelled_number(value.mantissa, value.exponent);
  return value.kind == 1 ? spelled_string(value.text) : value.text;
}

std::string joined(std::vector<std::string> parts, bool shuffle = true) {
  for (std::size_t i = parts.size(); shuffle && i > 1; --i) {
    std::swap(parts[i - 1], parts[static_cast<std::size_t>(pick(0, static_cast<int>(i)))]);
  }
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : one_of({",", " , "})) + part;
  return text;
}

/// A filter before it is spelled. write() gives another spelling of the same filter at each call.
struct Plan {
  enum Kind { Compare, List, Circle, Presence, And, Or, Not } kind = And;
  bool tag = false;
  std::string field;
  std::string relation;
  std::vector<Value> values;
  std::vector<Plan> parts;
};

Plan random_term() {
  Plan plan;
  plan.tag = chance(4);
  plan.field =
      plan.tag ? one_of({"a", "t"}) : one_of({"a", "b", "/n/x", "/n/y~1z", "/list/1", "", "/or"});
  const int kind = pick(0, 12);
  if (kind < 6) {
    plan.kind = Plan::Compare;
    plan.relation = one_of({"eq", "eq", "neq", "lt", "lte", "gt", "gte", "prefix"});
    plan.values = {random_scalar()};
    if (plan.relation[0] == 'l' || plan.relation[0] == 'g') {
      plan.values = {chance(2) ? random_number() : random_string()};
    }
    if (plan.relation == "prefix") plan.values = {random_string()};
  } else if (kind < 9) {
    plan.kind = Plan::List;
    for (int count = pick(0, 5); count > 0; --count) plan.values.push_back(random_scalar());
  } else if (kind < 11 || plan.tag) {
    plan.kind = Plan::Presence;
    plan.relation = one_of({"true", "false"});
  } else {
    plan.kind = Plan::Circle;
    plan.field = one_of({"p", "/n/p"});
    plan.values = {{0, pick(-9, 10), 1, ""}, {0, pick(-18, 19), 1, ""}, {0, pick(1, 200), 5, ""}};
  }
  return plan;
}

Plan random_plan(int depth) {
  if (depth == 0 || chance(3)) return random_term();
  Plan plan;
  plan.kind =
      std::vector<Plan::Kind>{Plan::And, Plan::Or, Plan::Not}[static_cast<std::size_t>(pick(0, 3))];
  for (int i = plan.kind == Plan::Not ? 1 : pick(0, 4); i > 0; --i) {
    plan.parts.push_back(random_plan(depth - 1));
  }
  return plan;
}

std::string condition_of(const Plan& plan) {
  if (plan.kind == Plan::Presence) return "{\"exists\":" + plan.relation + "}";
  if (plan.kind == Plan::Circle) {
    return "{\"within\":{" +
           joined({"\"lat\":" + spelled(plan.values[0]), "\"lon\":" + spelled(plan.values[1]),
                   "\"metres\":" + spelled(plan.values[2])}) +
           "}}";
  }
  if (plan.kind == Plan::List) {
    std::vector<std::string> values;
    for (const Value& value : plan.values) {
      for (int copies = chance(4) ? 2 : 1; copies > 0; --copies) values.push_back(spelled(value));
    }
    return "{\"in\":[" + joined(std::move(values)) + "]}";
  }
  const std::string value = spelled(plan.values.front());
  if (plan.relation == "eq" && chance(2)) return value;
  return "{\"" + plan.relation + "\":" + value + "}";
}

std::string write(const Plan& plan) {
  if (plan.kind == Plan::Not) return "{\"not\":" + write(plan.parts.front()) + "}";
  if (plan.kind == Plan::And || plan.kind == Plan::Or) {
    std::vector<std::string> parts;
    for (const Plan& part : plan.parts) {
      for (int copies = chance(6) ? 2 : 1; copies > 0; --copies) parts.push_back(write(part));
    }
    return (plan.kind == Plan::And ? "{\"and\":[" : "{\"or\":[") + joined(std::move(parts)) + "]}";
  }
  const bool plain = !plan.field.empty() && plan.field[0] != '/';
  const std::string name = plain && !plan.tag && chance(3) ? "/" + plan.field : plan.field;
  const std::string filter = "{" + spelled_string(name) + ":" + condition_of(plan) + "}";
  return plan.tag ? "{\"tags\":" + filter + "}" : filter;
}

std::string random_point() {
  std::vector<std::string> members;
  if (!chance(8))
    members.push_back("\"" + one_of({"lat", "latitude"}) +
                      "\":" + spelled_number(pick(-95, 96), 0));
  if (!chance(8)) {
    members.push_back("\"" + one_of({"lon", "lng", "longitude"}) +
                      "\":" + spelled_number(pick(-185, 186), 0));
  }
  return "{" + joined(std::move(members)) + "}";
}

std::string random_payload(int depth) {
  if (depth == 0 || chance(8)) return spelled(random_scalar());
  std::vector<std::string> members;
  for (int count = pick(2, 9); count > 0; --count) {
    const std::string name = one_of({"a", "b", "n", "x", "y/z", "list", "or", "p", "t"});
    std::string value = random_payload(depth - 1);
    if (name == "p") value = random_point();
    if (name == "list")
      value = "[" + joined({spelled(random_scalar()), spelled(random_scalar())}) + "]";
    members.push_back(spelled_string(name) + one_of({":", " : "}) + value);
  }
  return one_of({"", " "}) + "{" + joined(std::move(members)) + "}";
}

std::string random_tags() {
  std::vector<std::string> members;
  for (const char* name : {"a", "t"}) {
    if (!chance(3)) members.push_back(spelled_string(name) + ":" + spelled(random_scalar()));
  }
  return "{" + joined(std::move(members)) + "}";
}

RC_GTEST_PROP(Filter, AgreesWithTheSecondEvaluator, ()) {
  const Plan plan = random_plan(3);
  const std::string text = write(plan);
  const auto parsed = Filter::parse(text);
  if (!parsed.ok()) {
    RC_ASSERT(parsed.error().code == ErrorCode::LimitExceeded);
    RC_DISCARD("over a limit");
  }
  const Json reference = Json::parse(text);
  for (int i = 0; i < 8; ++i) {
    const std::string payload = chance(10) ? "" : random_payload(2);
    const std::string tags = random_tags();
    Json value;
    if (!payload.empty()) value = Json::parse(payload);
    const bool expected =
        holds_filter(reference, payload.empty() ? nullptr : &value, Json::parse(tags));
    const bool matched = parsed->matches(payload, tags);
    RC_CLASSIFY(matched, "matches");
    if (matched != expected) RC_LOG() << text << "\n" << payload << "\n" << tags << "\n";
    RC_ASSERT(matched == expected);
  }
}

RC_GTEST_PROP(Filter, EverySpellingHasOneCanonicalForm, ()) {
  const Plan plan = random_plan(3);
  const auto first = Filter::parse(write(plan));
  const auto second = Filter::parse(write(plan));
  if (!first.ok() || !second.ok()) RC_DISCARD("over a limit");
  RC_ASSERT(first->canonical() == second->canonical());
  RC_ASSERT(first->hash() == second->hash());
  RC_ASSERT(check_json(first->canonical(), limits::json_depth_max).ok());
  const auto again = Filter::parse(first->canonical());
  if (!again.ok()) RC_ASSERT(again.error().code == ErrorCode::LimitExceeded);
  if (again.ok()) RC_ASSERT(again->canonical() == first->canonical());
}

RC_GTEST_PROP(Filter, FieldsThatAreNotReadDoNotMatter, ()) {
  const auto parsed = Filter::parse(write(random_plan(1)));
  if (!parsed.ok()) RC_DISCARD("over a limit");
  const std::string field = one_of({"a", "b", "n", "list", "or", "p"});
  const std::string rest = "{\"a\":" + random_payload(1) + ",\"n\":" + random_payload(2) +
                           ",\"p\":" + random_point() + ",\"" + field + "\":";
  const bool before = parsed->matches(rest + random_payload(chance(2)) + "}", "{}");
  const bool after = parsed->matches(rest + random_payload(chance(2)) + "}", "{}");
  RC_CLASSIFY(before != after, "changed");
  RC_ASSERT(before == after || parsed->reads_field(field));
}

// --- parts --------------------------------------------------------------------------------------

/// Any number without an exponent and of one width, so that the order of texts is that of values.
std::string unfolded(const std::string& digits, int point) {
  constexpr int kWhole = 80;
  constexpr std::size_t kWidth = 200;
  std::string text(static_cast<std::size_t>(kWhole - point), '0');
  text += digits;
  text.resize(kWidth, '0');
  return text;
}

RC_GTEST_PROP(Decimal, LongNumbersAreOrderedAsTheirDigits, ()) {
  const auto digits = [] {
    std::string text = std::to_string(pick(1, 10));
    for (int count = pick(0, 40); count > 0; --count) text += one_of({"0", "0", "9", "5"});
    return text;
  };
  const auto written = [](const std::string& number, int point) {  // 0.number × 10^point
    const int shift = pick(1, static_cast<int>(number.size()) + 1);
    std::string text = number.substr(0, static_cast<std::size_t>(shift));
    if (static_cast<std::size_t>(shift) < number.size())
      text += "." + number.substr(static_cast<std::size_t>(shift));
    return text + "e" + std::to_string(point - shift);
  };
  const std::string left = digits();
  const std::string right = chance(3) ? left + "0" : digits();
  const int left_point = pick(-30, 30);
  const int right_point = chance(2) ? left_point : pick(-30, 30);
  const int expected = unfolded(left, left_point).compare(unfolded(right, right_point));
  const std::string right_text = written(right, right_point);
  const std::string left_text = written(left, left_point);
  const auto order =
      filter::order_decimals(filter::read_decimal(left_text), filter::read_decimal(right_text));
  RC_ASSERT((order < 0) == (expected < 0) && (order > 0) == (expected > 0));
  const std::string again = filter::decimal_text(filter::read_decimal(left_text));
  const auto respelled =
      filter::order_decimals(filter::read_decimal(again), filter::read_decimal(left_text));
  RC_ASSERT(std::is_eq(respelled));
}

RC_GTEST_PROP(GeoCircle, IsWithinAPartInAMillionOfLibm, ()) {
  const auto near_or_far = [](std::int64_t from, std::int64_t reach, std::int64_t limit) {
    const auto scale = *rc::gen::element<std::int64_t>(100, 10'000, 1'000'000, reach);
    return std::clamp(from + pick<std::int64_t>(-scale, scale + 1), -limit, limit);
  };
  const filter::GeoPoint from{pick<std::int64_t>(-900'000'000, 900'000'001),
                              pick<std::int64_t>(-1'800'000'000, 1'800'000'001)};
  const filter::GeoPoint to{near_or_far(from.lat, 1'800'000'000, 900'000'000),
                            near_or_far(from.lon, 3'600'000'000, 1'800'000'000)};
  const auto degrees = [](std::int64_t units) { return static_cast<long double>(units) / 1e7L; };
  const auto metres =
      metres_between(degrees(from.lat), degrees(from.lon), degrees(to.lat), degrees(to.lon));
  // asin of libm is itself imprecise at the far side, and a millimetre is what radii are given in.
  const auto slack = metres > 19'000'000 ? 1.0L : 0.002L + metres * 1e-6L;
  const auto circle = [&](long double radius) {
    return filter::GeoCircle(from,
                             std::clamp<std::int64_t>(static_cast<std::int64_t>(radius * 1000), 0,
                                                      limits::filter_metres_max * 1000));
  };
  if (metres - slack < 20'000'000)
    RC_ASSERT(!circle(metres - slack).contains(to) || metres <= slack);
  if (metres + slack < 20'000'000) RC_ASSERT(circle(metres + slack).contains(to));
}

RC_GTEST_PROP(GeoCircle, AGrowingRadiusLosesNothing, ()) {
  const auto units = [](std::int64_t limit) { return pick<std::int64_t>(-limit, limit + 1); };
  const filter::GeoPoint from{units(900'000'000), units(1'800'000'000)};
  const filter::GeoPoint to{units(900'000'000), units(1'800'000'000)};
  const auto radius = [] { return pick<std::int64_t>(0, limits::filter_metres_max * 1000 + 1); };
  const auto [less, more] = std::minmax({radius(), radius()});
  RC_ASSERT(!filter::GeoCircle(from, less).contains(to) ||
            filter::GeoCircle(from, more).contains(to));
  RC_ASSERT(filter::GeoCircle(from, more).contains(to) ==
            filter::GeoCircle(to, more).contains(from));
}

}  // namespace
}  // namespace tidegate::test
