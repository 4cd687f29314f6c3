// EventNames: named once, bounded, and never ambiguous.
#include "core/client/event_names.h"

#include <gtest/gtest.h>

#include <map>

namespace tidegate {
namespace {

class EventNamesTest : public ::testing::Test {
 protected:
  /// What the application believes the number means.
  std::string meaning(std::uint32_t number) {
    while (auto event = events.pop()) {
      const auto& named = std::get<EventNamed>(*event);
      names_told[named.event] = named.name;
      ++told;
    }
    return names_told[number];
  }
  static std::string name(std::size_t i) { return "event." + std::to_string(i); }

  OutputQueue<Event> events;
  EventNames names{7};
  std::map<std::uint32_t, std::string> names_told;
  std::size_t told = 0;
};

TEST_F(EventNamesTest, ANameIsToldOnce) {
  names.begin_block();
  const std::uint32_t a = names.intern("a", events);
  names.begin_block();
  EXPECT_EQ(names.intern("a", events), a);
  EXPECT_EQ(meaning(a), "a");
  EXPECT_EQ(told, 1U);
  EXPECT_NE(names.intern("b", events), a);
}

TEST_F(EventNamesTest, OverTheLimitNumbersAreGivenAwayAndToldAgain) {
  for (std::size_t i = 0; i < 3 * limits::event_names_per_client_max; ++i) {
    names.begin_block();
    const std::uint32_t number = names.intern(name(i), events);
    ASSERT_LT(number, limits::event_names_per_client_max);
    ASSERT_EQ(meaning(number), name(i));
  }
  EXPECT_EQ(names.size(), limits::event_names_per_client_max);
  // A name that lost its number gets another, and is found under it.
  names.begin_block();
  const std::uint32_t again = names.intern(name(0), events);
  EXPECT_EQ(meaning(again), name(0));
  EXPECT_EQ(names.intern(name(0), events), again);
}

TEST_F(EventNamesTest, NumbersOfTheBlockAtHandAreNeverGivenAway) {
  const std::size_t max = limits::event_names_per_client_max;
  for (std::size_t i = 0; i < max; ++i) {
    names.begin_block();
    names.intern(name(i), events);
  }
  // The oldest names are used first, then as many new ones as a block may hold besides.
  names.begin_block();
  std::vector<std::uint32_t> numbers;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < limits::block_event_names_max; ++i) {
    expected.push_back(i < 100 ? name(i) : "new." + std::to_string(i));
    numbers.push_back(names.intern(expected.back(), events));
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(meaning(numbers[i]), expected[i]);
}

}  // namespace
}  // namespace tidegate
