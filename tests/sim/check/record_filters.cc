#include "tests/sim/check/record_filters.h"

#include <cstdlib>

namespace tidegate::sim {
namespace {

constexpr std::uint32_t kHiddenMark = 3;

const RecordField* field_of(const RecordState& state, const char* name) {
  if (!state.fields) return nullptr;
  for (auto field = state.fields->rbegin(); field != state.fields->rend(); ++field) {
    if (field->name == name) return &*field;
  }
  return nullptr;
}

/// -1 when there is no such number. (None is negative.)
long number_of(const RecordState& state, const char* name) {
  const RecordField* field = field_of(state, name);
  if (field == nullptr || field->value[0] < '0' || field->value[0] > '9') return -1;
  return std::strtol(field->value.c_str(), nullptr, 10);
}

}  // namespace

std::string record_filter_text(std::uint32_t filter) {
  switch (filter) {
    case 1:
      return R"({"n":{"lt":50}})";
    case 2:
      return R"({"n":{"gte":50}})";
    case 3:
      return R"({"a":{"exists":true}})";
    case 4:
      return R"({"or":[{"n":{"lt":10}},{"b":{"eq":3}}]})";
    case 5:
      return R"({"tags":{"t":{"in":[1,2]}}})";
    default:
      return "";
  }
}

bool is_visible(const RecordSight& sight, const RecordState* state) {
  if (state == nullptr || !state->exists) return false;
  const bool sees_all = !sight.is_outsider;
  if (!sees_all && state->mark == kHiddenMark) return false;
  const long n = number_of(*state, "n");
  switch (sight.filter) {
    case 1:
      return n >= 0 && n < 50;
    case 2:
      return n >= 50;
    case 3:
      return sees_all && field_of(*state, "a") != nullptr;
    case 4:
      return (n >= 0 && n < 10) || (sees_all && number_of(*state, "b") == 3);
    case 5:
      return state->mark == 1 || state->mark == 2;
    default:
      return true;
  }
}

ShownRecord shown_of(const RecordSight& sight, const RecordState& state) {
  if (!sight.is_outsider) return {state.binary, state.payload};
  const RecordField* field = field_of(state, "n");
  return {false, field == nullptr ? "{}" : R"({"n":)" + field->value + "}"};
}

}  // namespace tidegate::sim
