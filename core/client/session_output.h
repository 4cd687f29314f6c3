// Everything through which a session speaks, and the few things its parts share: the parts write
// here, the poll_* methods of ClientSession read here. Parts do not know one another.
#pragma once

#include "core/base/prng.h"
#include "core/client/batcher.h"
#include "core/client/client_options.h"
#include "core/client/client_stats.h"
#include "core/client/event.h"
#include "core/client/output_queue.h"

namespace tidegate {

struct SessionOutput {
  explicit SessionOutput(const ClientOptions& client_options)
      : options(client_options), prng(client_options.seed), batcher(client_options.batch_delay) {}

  /// Request ids are unique for the whole session, so that an answer never meets a later command.
  RequestId next_request() { return static_cast<RequestId>(++last_request); }

  const ClientOptions options;
  Prng prng;  // the session's only one
  Batcher batcher;
  OutputQueue<Event> events;
  OutputQueue<Effect> effects;
  ClientStats stats;
  std::uint32_t last_request = 0;
};

}  // namespace tidegate
