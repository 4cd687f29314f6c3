// Turns what a ClientSession says into one append-only buffer of records, so that one call across
// the WebAssembly boundary is followed by one read: no callbacks, no objects, no strings made on
// the way. Pure C++, compiled natively as well: tests/differential compares the two builds byte for
// byte.
//
//   record = u32 kind · u32 body_bytes · body · zeros up to the next multiple of 8
//   text   = u32 length · bytes (UTF-8)        u64 = u32 low · u32 high        time = f64
//   milliseconds
//
// The fields of each kind stand in the order in which output_encoder.cc writes them, and in
// sdk-js/src/core/output_reader.ts in the order in which they are read.
#pragma once

#include <cstdint>

#include "core/client/client_session.h"

namespace tidegate::wasm {

/// Goes up with every change of a record, of the row table, or of an exported function. The loader
/// refuses a core whose number is not its own.
inline constexpr std::uint32_t kAbiVersion = 2;

enum class RecordKind : std::uint32_t {
  OpenConnection = 1,
  CloseConnection = 2,
  FetchToken = 3,
  Transmit = 8,
  StateChanged = 16,
  SubscriptionStarted = 17,
  SubscriptionLive = 18,
  SubscriptionEnded = 19,
  GapDetected = 20,
  RowsDelivered = 21,
  EventNamed = 22,
  PublishAcknowledged = 23,
  PublishFailed = 24,
  RecordsRemoved = 25,
  PublishConflicted = 26,
  CommandRefused = 32,  // the command of this very call; its return value is 0
  Position = 33,
  Stats = 34,
  Deadline = 40,  // last in every poll: when to call timeout(), negative for never
};

class OutputEncoder {
 public:
  /// Polls `session` dry in its documented order and appends everything it says.
  void poll(ClientSession& session, Now now);
  void refuse(const Error& error);
  void position(const ClientSession& session, SubscriptionId subscription);
  void stats(const ClientSession& session);

  void clear() { bytes_.clear(); }
  ByteView bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace tidegate::wasm
