// Is the relay still there? Any byte is life; silence beyond interval + timeout means loss. The
// clock cannot be trusted blindly, though: a laptop that slept, or a page whose timers were
// throttled, finds its deadline long past while the relay's bytes wait unread in the socket. So a
// deadline that is met too late leads to a probe (a ping that must be answered soon), not to a
// loss.
//
// The relay judges us as we judge it, but its pings wait behind the data that it sent before them:
// on a slow link for longer than its patience. So whoever hears data and has said nothing for half
// of the interval says that it is there without being asked.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "core/base/time.h"

namespace tidegate {

class Heartbeat {
 public:
  enum class Verdict : std::uint8_t { Alive, Probe, Lost };

  /// A connection begins. Interval 0: the relay promises nothing, silence means nothing.
  void start(Now now, Duration interval, Duration timeout);
  void stop() { state_ = Stopped{}; }
  /// Bytes came, whatever they were.
  void handle_bytes(Now now);
  /// A message leaves, whatever it says.
  void handle_sent(Now now) { said_ = now.monotonic; }
  /// Something was heard and it is time for the relay to hear of us, too.
  bool owes_sign(Now now) const;
  /// The deadline is reached. Probe: start_probe() and send a ping.
  Verdict handle_deadline(Now now) const;

  /// The nonce of a ping to be sent now, whose answer decides between life and loss; nullopt when
  /// there is one under way, or no connection.
  std::optional<std::uint32_t> start_probe(Now now);
  /// No round trip was measured on this connection so far.
  bool wants_measurement() const { return last_nonce_ == nonce_at_start_; }
  /// The nonce of a ping that only measures the round trip.
  std::uint32_t start_measurement(Now now);
  /// The round trip, when the pong answers the latest ping.
  std::optional<Duration> handle_pong(Now now, std::uint32_t nonce);

  std::optional<Instant> deadline() const;

 private:
  struct Stopped {};
  struct Listening {
    Instant heard;
  };
  struct Probing {
    Instant until;
  };
  struct Ping {
    std::uint32_t nonce = 0;
    Instant sent;
  };

  std::variant<Stopped, Listening, Probing> state_;
  Duration silence_max_{};  // zero: no limit
  Duration sign_every_{};
  Instant said_;
  std::optional<Ping> ping_;
  std::uint32_t last_nonce_ = 0;
  std::uint32_t nonce_at_start_ = 0;
};

}  // namespace tidegate
