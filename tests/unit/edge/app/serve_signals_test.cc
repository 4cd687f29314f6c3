// The first signal is waited for, the second one ends the process. Each test runs in a process of
// its own.
#include "edge/app/serve_signals.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

namespace tidegate::app {
namespace {

TEST(ServeSignalsDeathTest, TheFirstIsHandedOut) {
  for (const int signal : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          ServeSignals signals;
          kill(getpid(), signal);  // pending: nothing waits yet
          _exit(signals.wait() == signal ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST(ServeSignalsDeathTest, ThatToReloadComesAsOftenAsItIsSentAndEndsNothing) {
  EXPECT_EXIT(
      {
        ServeSignals signals;
        for (int n = 0; n < 3; ++n) {
          kill(getpid(), SIGHUP);
          if (signals.wait() != SIGHUP) _exit(1);
        }
        kill(getpid(), SIGTERM);
        _exit(signals.wait() == SIGTERM ? 0 : 2);
      },
      testing::ExitedWithCode(0), "");
}

TEST(ServeSignalsDeathTest, TheSecondEndsAtOnce) {
  EXPECT_EXIT(
      {
        ServeSignals signals;
        kill(getpid(), SIGTERM);
        signals.wait();
        raise(SIGINT);
        _exit(0);
      },
      testing::ExitedWithCode(128 + SIGINT), "");
}

}  // namespace
}  // namespace tidegate::app
