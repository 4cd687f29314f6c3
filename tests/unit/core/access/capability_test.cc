// Default deny, and actions that do not imply one another.
#include "core/access/capability.h"

#include <gtest/gtest.h>

namespace tidegate {
namespace {

std::uint8_t bits(std::initializer_list<Action> actions) {
  std::uint8_t all = 0;
  for (const Action action : actions) all |= static_cast<std::uint8_t>(action);
  return all;
}

Capability capability(std::initializer_list<const char*> patterns, std::uint8_t allow) {
  Capability made;
  for (const char* pattern : patterns) made.channels.push_back(*ChannelPattern::parse(pattern));
  made.allow = allow;
  return made;
}

const Action kActions[] = {Action::Subscribe, Action::Publish, Action::Presence, Action::History};

TEST(Capability, NothingIsAllowedByNothing) {
  for (const Action action : kActions) {
    EXPECT_FALSE(allows({}, action, *ChannelName::parse("a")));
    EXPECT_FALSE(allows({capability({}, 15)}, action, *ChannelName::parse("a")));
    EXPECT_FALSE(allows({capability({"**"}, 0)}, action, *ChannelName::parse("a")));
  }
}

TEST(Capability, AnActionIsAllowedOnlyWhereItIsNamed) {
  const std::vector<Capability> capabilities = {
      capability({"airport:*:departures", "news"}, bits({Action::Subscribe, Action::History})),
      capability({"chat:**"}, bits({Action::Publish}))};
  const auto can = [&](Action action, std::string_view channel) {
    return allows(capabilities, action, *ChannelName::parse(channel));
  };
  EXPECT_TRUE(can(Action::Subscribe, "airport:JFK:departures"));
  EXPECT_TRUE(can(Action::History, "news"));
  EXPECT_TRUE(can(Action::Publish, "chat:1:2"));
  EXPECT_FALSE(can(Action::Publish, "news"));
  EXPECT_FALSE(can(Action::Subscribe, "chat:1"));
  EXPECT_FALSE(can(Action::Presence, "news"));
  EXPECT_FALSE(can(Action::Subscribe, "airport:JFK:arrivals"));
}

TEST(Action, NamesGoBothWays) {
  for (const Action action : kActions) EXPECT_EQ(*parse_action(action_name(action)), action);
  for (const char* bad : {"", "Subscribe", "sub", "admin"}) {
    EXPECT_EQ(parse_action(bad).error().code, ErrorCode::BadRequest);
  }
}

}  // namespace
}  // namespace tidegate
