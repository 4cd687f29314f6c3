// ListenerWindows: each listener hears an event once, independently of the others.
#include "core/client/listener_windows.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate {
namespace {

TEST(ListenerWindowsTest, EachListenerHasItsOwnWindow) {
  ListenerWindows listeners(1);
  const ListenerId a = *listeners.add();
  const ListenerId b = *listeners.add();
  EXPECT_NE(a, b);
  EXPECT_TRUE(listeners.admit(a, "x"));
  EXPECT_FALSE(listeners.admit(a, "x"));
  EXPECT_TRUE(listeners.admit(b, "x"));
}

TEST(ListenerWindowsTest, EmptyIdsAreAlwaysAdmitted) {
  ListenerWindows listeners(1);
  const ListenerId a = *listeners.add();
  EXPECT_TRUE(listeners.admit(a, ""));
  EXPECT_TRUE(listeners.admit(a, ""));
}

TEST(ListenerWindowsTest, ARemovedListenerHearsNothing) {
  ListenerWindows listeners(1);
  const ListenerId a = *listeners.add();
  listeners.remove(a);
  listeners.remove(a);
  EXPECT_FALSE(listeners.admit(a, "x"));
  EXPECT_FALSE(listeners.admit(a, ""));
  EXPECT_NE(*listeners.add(), a);
}

TEST(ListenerWindowsTest, OverTheLimitIsAnError) {
  ListenerWindows listeners(1);
  ListenerId first = ListenerId::None;
  for (std::size_t i = 0; i < limits::listeners_per_client_max; ++i) {
    const auto added = listeners.add();
    ASSERT_TRUE(added.ok());
    if (i == 0) first = *added;
  }
  EXPECT_EQ(listeners.add().error().code, ErrorCode::LimitExceeded);
  listeners.remove(first);
  EXPECT_TRUE(listeners.add().ok());
}

}  // namespace
}  // namespace tidegate
