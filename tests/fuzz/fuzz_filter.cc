// A filter and what it is put to: the first line is the filter, the second the tags, the rest the
// payload. A filter answers for everything, its negation answers the opposite, and its canonical
// form is the same filter.
#include "core/filter/filter.h"

#include <algorithm>

#include "core/base/json_scan.h"
#include "core/base/limits.h"

namespace {

using tidegate::Filter;

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

bool is_json(std::string_view text) {
  return tidegate::check_json(text, tidegate::limits::json_depth_max).ok();
}

void check_same(const Filter& filter, const Filter& again, std::string_view payload,
                std::string_view tags, bool matched) {
  TIDEGATE_CHECK(again.canonical() == filter.canonical() && again.hash() == filter.hash());
  TIDEGATE_CHECK(again.matches(payload, tags) == matched);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidegate;
  std::string_view payload = as_text(ByteView(data, size));
  const std::string_view text = take_line(payload);
  const std::string_view tags = take_line(payload);
  const auto filter = Filter::parse(text);
  if (!filter.ok()) {
    TIDEGATE_CHECK(filter.error().message.size() <= limits::error_message_bytes_max);
    return 0;
  }
  TIDEGATE_CHECK(is_json(filter->canonical()) && filter->cost() > 0);
  const bool matched = filter->matches(payload, tags);  // of text that is no JSON: any answer
  const bool defined = is_json(payload) && (tags.empty() || is_json(tags));
  const auto again = Filter::parse(filter->canonical());
  if (again.ok() && defined) check_same(*filter, *again, payload, tags, matched);
  const auto negated = Filter::parse("{\"not\":" + std::string(text) + "}");
  if (negated.ok()) TIDEGATE_CHECK(negated->matches(payload, tags) != matched);
  return 0;
}
