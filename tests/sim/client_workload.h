// What a person with a browser does to one client: mounts and unmounts components, publishes,
// closes the lid, walks out of the network, reloads the page.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/sim/intents.h"
#include "tests/sim/sim_client.h"

namespace tidegate::sim {

class ClientWorkload {
 public:
  ClientWorkload(SimContext& context, const SimDirectory& directory, IntentMaker& intents,
                 SimClient& client);

  /// Subscribes, connects, and goes on until `until`.
  void start(Instant until);
  /// After the last fault: online, connected, and subscribed to something.
  void come_to_rest();

 private:
  using Step = void (ClientWorkload::*)();
  void every(Duration mean, Instant until, bool only_faults, Step step);
  void toggle();
  void publish();
  void publish_from_callback();
  void lose_network();
  void resume() { client_.resume(); }
  void reload() { client_.reload(); }
  void subscribe(std::uint32_t channel, SimClient::From from, std::uint32_t history);
  void toggle(SimClient::Wish wish);
  std::uint32_t random_channel() {
    return static_cast<std::uint32_t>(prng_.below(directory_.channel_count()));
  }
  /// One of the ways in which clients of this run read the channel.
  SimClient::Wish random_wish(std::uint32_t channel);
  Duration random_interval();

  SimContext& context_;
  const SimDirectory& directory_;
  IntentMaker& intents_;
  SimClient& client_;
  Prng prng_;
  std::uint64_t keys_ = 0;
  std::uint64_t published_from_callbacks_ = 0;
};

}  // namespace tidegate::sim
