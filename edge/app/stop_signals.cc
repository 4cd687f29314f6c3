#include "edge/app/stop_signals.h"

#include <pthread.h>
#include <unistd.h>

namespace tidegate::app {
namespace {

constexpr int kSignalExitBase = 128;  // as shells report an end by signal

void exit_at_once(int signal) { _exit(kSignalExitBase + signal); }

}  // namespace

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

int StopSignals::wait() {
  int signal = 0;
  sigwait(&signals_, &signal);
  std::signal(SIGTERM, exit_at_once);
  std::signal(SIGINT, exit_at_once);
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  return signal;
}

}  // namespace tidegate::app
