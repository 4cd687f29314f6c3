#include "edge/app/serve_signals.h"

#include <pthread.h>
#include <unistd.h>

namespace tidegate::app {
namespace {

constexpr int kSignalExitBase = 128;  // as shells report an end by signal

void exit_at_once(int signal) { _exit(kSignalExitBase + signal); }

}  // namespace

ServeSignals::ServeSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

int ServeSignals::wait() {
  int signal = 0;
  sigwait(&signals_, &signal);
  if (signal == SIGHUP) {
    return signal;
  }
  std::signal(SIGTERM, exit_at_once);
  std::signal(SIGINT, exit_at_once);
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  return signal;
}

}  // namespace tidegate::app
