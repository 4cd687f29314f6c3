// Filters natively and in WebAssembly: random filters and records made of a seed, and what
// core/filter says of them, one line for each filter: its canonical form, or why it is none, and a
// mark for each record. tests/differential/filters.test.ts runs both builds and compares the lines.
//
// usage: filter_verdicts FILTERS
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "core/filter/filter.h"

namespace tidegate {
namespace {

constexpr int kRecords = 12;

/// Braces are evaluated from left to right, by every compiler; the operands of + are not.
std::string joined(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : prng_(seed) {}

  std::string filter(int depth = 0) {
    std::string members;
    for (std::uint64_t n = prng_.below(3) + (depth == 0 ? 1 : 0); n > 0; --n) {
      if (!members.empty()) members += ',';
      members += member(depth);
    }
    return "{" + members + "}";
  }
  std::string record() {
    std::string text = "{";
    for (const char* name : {"a", "b", "\\u0061b"}) {
      if (!prng_.one_in(4)) text += std::string("\"") + name + "\":" + value(0) + ",";
    }
    return text + "\"at\":" + place() + "}";
  }
  std::string tags() { return prng_.one_in(3) ? "" : R"({"t":)" + scalar() + "}"; }

 private:
  std::string pick(std::initializer_list<const char*> all) {
    return all.begin()[prng_.below(all.size())];
  }
  std::string number() {
    std::string text = prng_.one_in(3) ? "-" : "";
    text += std::to_string(prng_.below(4));
    if (prng_.one_in(2)) text += "." + std::to_string(prng_.below(3)) + "0";
    if (prng_.one_in(4)) text += pick({"e1", "E-1", "e+0", "e999999", "e-2000000"});
    return text;
  }
  std::string text() {
    return pick({R"("")", R"("x")", R"("\u0078y")", R"("é")", R"("\ud83d\ude00")", R"("1")"});
  }
  /// Has an order.
  std::string operand() { return prng_.one_in(3) ? text() : number(); }
  std::string scalar() { return prng_.one_in(4) ? pick({"true", "false", "null"}) : operand(); }
  std::string refused() { return R"({"le":)" + scalar() + "}"; }
  std::string value(int depth) {
    if (depth > 1 || !prng_.one_in(4)) return scalar();
    return prng_.one_in(2) ? joined({"[", value(depth + 1), ",", scalar(), "]"})
                           : joined({R"({"c":)", value(depth + 1), R"(,"c":)", scalar(), "}"});
  }
  std::string degrees(std::uint64_t whole) {
    return joined({prng_.one_in(2) ? "-" : "", std::to_string(prng_.below(whole)), ".",
                   std::to_string(prng_.below(100'000'000))});
  }
  /// Near one of two points, so that circles have an edge to be on.
  std::string place() {
    if (prng_.one_in(4)) return value(0);
    const bool far = prng_.one_in(2);
    return joined({R"({"lat":)", far ? degrees(92) : "52.5" + std::to_string(prng_.below(100)),
                   R"(,"lng":)", far ? degrees(182) : "13.4" + std::to_string(prng_.below(100)),
                   "}"});
  }
  std::string condition() {
    if (prng_.one_in(64)) return refused();
    switch (prng_.below(8)) {
      case 0:
        return scalar();
      case 1:
        return joined({R"({"in":[)", scalar(), ",", scalar(), ",", scalar(), "]}"});
      case 2:
        return R"({"prefix":)" + pick({R"("")", R"("x")", R"("\u00e9")"}) + "}";
      case 3:
        return R"({"exists":)" + pick({"true", "false"}) + "}";
      case 4:
        return joined({"{\"", pick({"eq", "neq"}), "\":", scalar(), "}"});
      default:
        return joined({"{\"", pick({"lt", "lte", "gt", "gte"}), "\":", operand(), "}"});
    }
  }
  std::string circle() {
    return R"("at":{"within":{"lat":52.5,"lon":13.4,"metres":)" +
           std::to_string(prng_.below(prng_.one_in(2) ? 20'000 : 20'000'000)) + "}}";
  }
  std::string member(int depth) {
    if (depth < 3 && prng_.one_in(3)) {
      switch (prng_.below(3)) {
        case 0:
          return R"("not":)" + filter(depth + 1);
        case 1:
          return joined({R"("or":[)", filter(depth + 1), ",", filter(depth + 1), "]"});
        default:
          return joined({R"("and":[)", filter(depth + 1), ",", filter(depth + 1), "]"});
      }
    }
    if (prng_.one_in(5)) return circle();
    if (prng_.one_in(6)) return R"("tags":{"t":)" + condition() + "}";
    return joined({"\"", pick({"a", "b", "/ab", "/a/c", "/b/0", ""}), "\":", condition()});
  }

  Prng prng_;
};

void say(Maker& maker) {
  const std::string text = maker.filter();
  const Result<Filter> filter = Filter::parse(text);
  if (!filter.ok()) {
    std::printf("%s: %s\n", text.c_str(), filter.error().message.c_str());
    return;
  }
  std::string marks;
  for (int i = 0; i < kRecords; ++i) {
    const std::string record = maker.record();
    marks += filter->matches(record, maker.tags()) ? '+' : '-';
  }
  std::printf("%s %zu %s\n", filter->canonical().c_str(), filter->cost(), marks.c_str());
}

}  // namespace
}  // namespace tidegate

int main(int count, char** words) {
  const long filters = count > 1 ? std::strtol(words[1], nullptr, 10) : 1;
  tidegate::Maker maker(1);
  for (long i = 0; i < filters; ++i) tidegate::say(maker);
  return 0;
}
