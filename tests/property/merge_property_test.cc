// The merge against its rules said in the plainest way: each name compared with each other one.
// Names come from a few texts that are spelt in several ways, and stand more than once.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json_scan.h"
#include "core/base/json_slice.h"
#include "core/merge/shallow_merge.h"

namespace tidegate::test {
namespace {

using Names = std::vector<std::string>;
using Fields = std::vector<std::pair<std::string, std::string>>;

std::string joined(const Names& parts, const std::string& open, const std::string& close) {
  std::string text = open;
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : ",") + parts[i];
  return text + close;
}

std::string object_of(const Fields& fields) {
  Names members;
  for (const auto& [name, value] : fields) members.push_back("\"" + name + "\":" + value);
  return joined(members, "{", "}");
}

struct Case {
  Fields record, set;
  Names unset;
};

void showValue(const Case& one, std::ostream& out) {
  out << object_of(one.record) << " set " << object_of(one.set)
      << joined(one.unset, " unset [", "]");
}

bool says(const Names& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& other) { return json_same_text(other, name); });
}

/// The last value of that name; nullptr when there is none.
const std::string* last_of(const Fields& fields, const std::string& name) {
  const auto found = std::find_if(fields.rbegin(), fields.rend(), [&](const auto& field) {
    return json_same_text(field.first, name);
  });
  return found == fields.rend() ? nullptr : &found->second;
}

std::string expected(const Case& one) {
  Fields merged;
  for (const auto& [name, value] : one.record) {
    const std::string* set = last_of(one.set, name);
    if (!says(one.unset, name)) merged.emplace_back(name, set == nullptr ? value : *set);
  }
  for (const auto& field : one.set) {
    const bool is_last = last_of(one.set, field.first) == &field.second;
    const bool is_new = last_of(one.record, field.first) == nullptr;
    if (is_last && is_new && !says(one.unset, field.first)) merged.push_back(field);
  }
  return object_of(merged);
}

rc::Gen<std::string> name() {
  return rc::gen::element<std::string>("a", R"(\u0061)", "b", R"(\u0062)", "c", "", R"(\n)",
                                       R"(\u000a)", R"(\u000A)", R"(\/)", "/", R"(\"a\")",
                                       R"(\ud83d\ude00)", "\xF0\x9F\x98\x80", R"(\\)", "aa");
}

rc::Gen<Fields> fields() {
  return rc::gen::container<Fields>(rc::gen::pair(
      name(), rc::gen::element<std::string>("0", "1.0", "null", R"("a")", "{}", R"({"a":[1]})")));
}

rc::Gen<Case> merges() {
  return rc::gen::build<Case>(rc::gen::set(&Case::record, fields()),
                              rc::gen::set(&Case::set, fields()),
                              rc::gen::set(&Case::unset, rc::gen::container<Names>(name())));
}

RC_GTEST_PROP(ShallowMergeProperty, IsWhatItsRulesSayByteForByte, ()) {
  const Case one = *merges();
  Names unset;
  for (const std::string& raw : one.unset) unset.push_back("\"" + raw + "\"");
  const std::string set = R"("set":)" + object_of(one.set);
  const std::string gone = R"("unset":)" + joined(unset, "[", "]");
  const bool set_first = *rc::gen::arbitrary<bool>();
  const std::string payload = joined(set_first ? Names{set, gone} : Names{gone, set}, "{", "}");
  RC_ASSERT(check_json(payload, 8).ok());
  RC_ASSERT(check_merge(payload).ok());
  const bool is_absent = one.record.empty() && *rc::gen::arbitrary<bool>();
  RC_ASSERT(shallow_merge(is_absent ? "" : object_of(one.record), payload) == expected(one));
}

}  // namespace
}  // namespace tidegate::test
