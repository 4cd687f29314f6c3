// What every scenario has: a world with a publisher, and an end at which nothing is wrong.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "tests/sim/scenarios/calm_options.h"
#include "tests/sim/sim_world.h"

namespace tidegate::sim {

class Scenario : public ::testing::Test {
 protected:
  void make_world(const SimOptions& options) {
    world = std::make_unique<SimWorld>(options);
    publisher = &world->add_publisher();
  }
  /// To channel 0, one after the other.
  void publish(int count) {
    for (int i = 0; i < count; ++i) {
      publisher->publish(0);
      world->run_for(std::chrono::milliseconds(5));
    }
  }
  void expect_well() {
    world->settle();
    const SimReport report = world->report();
    EXPECT_TRUE(report.violations.empty()) << reasons(report);
  }
  /// Of channel 0, a log.
  static bool is_live(const SimClient& client) {
    return client.view(0) != nullptr && client.view(0)->live;
  }

  std::unique_ptr<SimWorld> world;
  HttpPublisher* publisher = nullptr;
};

}  // namespace tidegate::sim
