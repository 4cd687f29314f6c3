// SIGTERM and SIGINT as something to wait for. Made before any thread, so that every thread
// inherits the mask and only wait() ever sees the signals.
#pragma once

#include <csignal>

namespace tidegate::app {

class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Blocks until one comes; its number. From then on a second one ends the process at once.
  int wait();

 private:
  sigset_t signals_{};
};

}  // namespace tidegate::app
