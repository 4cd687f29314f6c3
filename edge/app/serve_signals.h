// SIGTERM, SIGINT and SIGHUP as something to wait for. Made before any thread, so that every thread
// inherits the mask and only wait() ever sees the signals.
#pragma once

#include <csignal>

namespace tidegate::app {

class ServeSignals {
 public:
  ServeSignals();
  ServeSignals(const ServeSignals&) = delete;
  ServeSignals& operator=(const ServeSignals&) = delete;

  /// Blocks until one comes; its number. After SIGTERM or SIGINT a second one ends the process at
  /// once.
  int wait();

 private:
  sigset_t signals_{};
};

}  // namespace tidegate::app
