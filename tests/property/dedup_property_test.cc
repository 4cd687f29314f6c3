// The dedup window against a list that is searched from end to end.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <string>

#include "core/stream/dedup_window.h"

namespace tidegate::test {
namespace {

RC_GTEST_PROP(DedupWindow, AdmitsLikeAListOfTheLastOnes, ()) {
  const auto capacity = *rc::gen::inRange<std::size_t>(1, 40);
  DedupWindow window(capacity, *rc::gen::arbitrary<std::uint64_t>());
  std::deque<int> admitted;
  const auto ids = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 60));
  for (const int id : ids) {
    const bool is_new = std::find(admitted.begin(), admitted.end(), id) == admitted.end();
    RC_ASSERT(window.admit("id" + std::to_string(id)) == is_new);
    if (is_new) admitted.push_back(id);
    if (admitted.size() > capacity) admitted.pop_front();
    RC_ASSERT(window.size() == admitted.size());
  }
}

}  // namespace
}  // namespace tidegate::test
