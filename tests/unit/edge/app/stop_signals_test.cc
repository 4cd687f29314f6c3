// The first signal is waited for, the second one ends the process. Each test runs in a process of
// its own.
#include "edge/app/stop_signals.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

namespace tidegate::app {
namespace {

TEST(StopSignalsDeathTest, TheFirstIsHandedOut) {
  for (const int signal : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          StopSignals signals;
          kill(getpid(), signal);  // pending: nothing waits yet
          _exit(signals.wait() == signal ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST(StopSignalsDeathTest, TheSecondEndsAtOnce) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        kill(getpid(), SIGTERM);
        signals.wait();
        raise(SIGINT);
        _exit(0);
      },
      testing::ExitedWithCode(128 + SIGINT), "");
}

}  // namespace
}  // namespace tidegate::app
