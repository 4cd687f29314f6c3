// The scanner against nlohmann::json, on texts put together from the tokens where parsers differ.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/json_scan.h"

namespace tidegate::test {
namespace {

const std::vector<std::string>& tokens() {
  // No number that overflows a double and no byte order mark: there nlohmann has its own opinion.
  static const std::vector<std::string> kTokens = {"[",
                                                   "]",
                                                   "{",
                                                   "}",
                                                   ",",
                                                   ":",
                                                   " ",
                                                   "\n",
                                                   "true",
                                                   "false",
                                                   "null",
                                                   "0",
                                                   "-",
                                                   "12",
                                                   ".5",
                                                   "1.5",
                                                   "1e-2",
                                                   "+",
                                                   "\"a\"",
                                                   "\"\"",
                                                   "\"",
                                                   "\\",
                                                   "\"\\u00e9\"",
                                                   "\"\\ud83d\\ude00\"",
                                                   "\"\\ud83d\"",
                                                   "\"\\udc00\"",
                                                   "\"\\n\"",
                                                   "\"\\x\"",
                                                   "\"\xC3\xA9\"",
                                                   "\"\xC3\"",
                                                   "\"\xED\xA0\x80\"",
                                                   "\x01"};
  return kTokens;
}

std::string random_tokens(std::size_t count_max) {
  std::string text;
  const auto count = *rc::gen::inRange<std::size_t>(0, count_max);
  for (std::size_t i = 0; i < count; ++i) {
    text += tokens()[*rc::gen::inRange<std::size_t>(0, tokens().size())];
  }
  return text;
}

/// A JSON value of bounded size, as nlohmann builds and prints it.
nlohmann::json random_value(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return *rc::gen::inRange(-1000, 1000) / 8.0;
    case 4:
      return *rc::gen::element<std::string>("", "a\"b\\c", "\xC3\xA9\n", "\xF0\x9F\x98\x80");
    case 5: {
      nlohmann::json array = nlohmann::json::array();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) array.push_back(random_value(depth - 1));
      return array;
    }
    default: {
      nlohmann::json object = nlohmann::json::object();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
        object["k" + std::to_string(i)] = random_value(depth - 1);
      }
      return object;
    }
  }
}

RC_GTEST_PROP(CheckJson, AgreesWithNlohmannOnRandomTokens, ()) {
  const std::string text = random_tokens(9);
  const bool accepted = nlohmann::json::accept(text);
  RC_CLASSIFY(accepted, "JSON");
  RC_ASSERT(check_json(text, 64).ok() == accepted);
}

RC_GTEST_PROP(CheckJson, AcceptsWhatNlohmannPrints, ()) {
  const nlohmann::json value = random_value(4);
  RC_ASSERT(check_json(value.dump(), 64).ok());
  RC_ASSERT(check_json(value.dump(2), 64).ok());
  RC_ASSERT(check_json(value.dump(-1, ' ', true), 64).ok());
}

RC_GTEST_PROP(CheckJson, AgreesWithNlohmannOnDamagedValues, ()) {
  std::string text = random_value(3).dump();
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
  const auto cut = std::min(text.size() - at, *rc::gen::inRange<std::size_t>(0, 3));
  text.replace(at, cut, random_tokens(2));
  RC_ASSERT(check_json(text, 64).ok() == nlohmann::json::accept(text));
}

}  // namespace
}  // namespace tidegate::test
