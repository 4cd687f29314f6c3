// One connection as the relay sees it. Everything about a session that is idle must be small, since
// there are tens of thousands: claims are shared, what only exists in one state lives in that
// state, and there is no queue of data, only a place in each channel (see ChannelMirror).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/protocol/frame.h"
#include "edge/relay/claims.h"
#include "edge/relay/encoding.h"
#include "edge/relay/relay_effect.h"

namespace tidegate::relay {

/// Connected, and has said nothing yet.
struct AwaitingHello {
  Instant deadline;
};
/// Its token is being verified. What it says meanwhile waits, bounded.
struct Verifying {
  struct Kept {
    std::string session_id;
    std::string client;
    std::vector<UnreadFrames> messages;  // to be handled once the token is verified
    std::size_t bytes = 0;               // of the messages
  };
  EffectId effect = EffectId::None;
  Instant deadline;
  std::unique_ptr<Kept> kept;
};
struct Active {
  ClaimsPtr claims;
  std::string session_id;
};
/// To be told why and closed at the next poll. Whatever else comes from it is ignored.
struct Ending {
  std::unique_ptr<DisconnectFrame> frame;
};
using SessionState = std::variant<AwaitingHello, Verifying, Active, Ending>;

/// Where a subscription stands: which view, and which place among its subscribers.
struct Subscription {
  std::uint32_t view = 0;
  std::uint32_t place = 0;
};

/// What a session waits for before it can be sent something.
enum class Writing : std::uint8_t {
  Idle,     // nothing of its own to send: it takes part in what its channels share
  Queued,   // has something of its own to send, and its turn will come
  Blocked,  // its socket takes nothing more for now
};

struct RelaySession {
  std::uint32_t generation = 0;
  bool open = false;
  Encoding encoding = Encoding::Binary;
  Writing writing = Writing::Idle;
  bool reading_paused = false;
  bool scan_all = false;         // look at all subscriptions when served, not only at `dirty`
  std::uint8_t round_marks = 0;  // channels with news in the flush round `round`
  std::uint32_t round = 0;
  std::uint32_t publishes_in_flight = 0;
  std::uint32_t serve_from = 0;  // which subscription is served first: in turns
  SessionState state;
  Instant last_received;
  Instant last_sent;
  Instant last_pinged;
  Bytes control;  // control frames that wait to be sent
  std::vector<Subscription> subscriptions;
  std::vector<std::uint32_t> dirty;  // subscriptions (indexes) that have something to be sent
};
static_assert(sizeof(void*) != 8 || sizeof(RelaySession) <= 200, "idle sessions must stay small");

}  // namespace tidegate::relay
