// What a client session can be told when it is made. Defaults are the product's (base/limits.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/limits.h"
#include "core/stream/stream_position.h"

namespace tidegate {

struct ClientOptions {
  std::string client = "tidegate-core/0.1.0";  // label in the relay's logs
  std::string session_id;  // entropy from the shell; the same for the whole life of the session
  std::uint64_t seed = 0;  // jitter and dedup hashing
  /// True: before each connection the session asks for a token by FetchToken. False: set_token().
  bool fetch_token = false;

  Duration backoff_base = limits::backoff_base_default;
  Duration backoff_cap = limits::backoff_cap_default;
  Duration connect_timeout = limits::connect_timeout_default;
  Duration publish_timeout = limits::publish_timeout_default;
  Duration unsubscribe_linger = limits::unsubscribe_linger_default;
  Duration batch_delay = limits::batch_delay_default;
  /// After so many attempts at reconnecting in a row the session gives up (Failed); 0: never.
  std::uint32_t reconnect_attempts_max = 0;
  std::uint32_t outbox_commands_max = static_cast<std::uint32_t>(limits::outbox_commands_max);
};

struct SubscribeOptions {
  std::optional<StreamPosition> since;  // resume from here, for example after a page reload
  std::uint32_t history = 0;            // without a position: the latest N to begin with
  /// No more often than this; 0: as it comes. Who shares a subscription gets the least of all that
  /// its sharers have asked for; it does not grow again when one of them leaves.
  std::uint32_t min_interval_ms = 0;
  /// JSON text, empty: everything. The same channel with another filter is another subscription.
  std::string filter{};
};

}  // namespace tidegate
