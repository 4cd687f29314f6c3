// A second reader of the wire format, written from docs/PROTOCOL.md and sharing no code with
// core/protocol: just enough to see who is told what.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace tidegate::sim {

struct PeekedFrame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::span<const std::uint8_t> body;
};

inline constexpr std::uint8_t kPeekHello = 1;
inline constexpr std::uint8_t kPeekSubscribe = 2;
inline constexpr std::uint8_t kPeekSubscribed = 33;
inline constexpr std::uint8_t kPeekUnsubscribed = 34;
inline constexpr std::uint8_t kPeekConflict = 38;
inline constexpr std::uint8_t kPeekBlock = 48;

inline constexpr std::uint8_t kPeekKindState = 1;
inline constexpr std::uint8_t kPeekKindSignal = 2;

/// Flags of a block.
inline constexpr std::uint8_t kPeekMore = 1;
inline constexpr std::uint8_t kPeekDigest = 2;
inline constexpr std::uint8_t kPeekRecords = 8;
inline constexpr std::uint8_t kPeekSweep = 16;

/// Calls `each` for every frame; false when the bytes are not a sequence of frames.
bool peek_frames(std::span<const std::uint8_t> message,
                 const std::function<void(const PeekedFrame&)>& each);

struct PeekedHello {
  std::string session_id;
  std::string token;
};
bool peek_hello(std::span<const std::uint8_t> body, PeekedHello& hello);

struct PeekedSubscribed {
  std::uint32_t request = 0;
  std::uint32_t stream = 0;
  std::uint8_t outcome = 0;
  std::uint8_t reason = 0;
  std::uint8_t kind = 0;      // 0 log, 1 state, 2 signal
  std::uint8_t catch_up = 0;  // 0 none, 1 replay, 2 changes, 3 records
  std::uint64_t start = 0;
  std::uint64_t target = 0;
  std::string epoch;
  std::string channel;
};
bool peek_subscribed(std::span<const std::uint8_t> body, PeekedSubscribed& subscribed);

struct PeekedBlock {
  std::uint32_t stream = 0;
  std::uint32_t rows = 0;
  std::uint64_t previous = 0;
  std::uint64_t offset = 0;
};
bool peek_block(std::span<const std::uint8_t> body, PeekedBlock& block);

struct PeekedRow {
  std::uint64_t offset = 0;
  std::uint64_t time_ms = 0;
};
/// False when the block has no such row.
bool peek_row(std::span<const std::uint8_t> block, std::uint32_t index, PeekedRow& row);

/// A record told to a publisher who need not be subscribed: it may have no right to read it.
struct PeekedConflict {
  std::uint32_t request = 0;
  bool binary = false;
  std::uint64_t version = 0;  // 0: there is no record
  std::uint32_t payload_bytes = 0;
};
bool peek_conflict(std::span<const std::uint8_t> body, PeekedConflict& conflict);

/// The stream an `unsubscribed` speaks of.
bool peek_unsubscribed(std::span<const std::uint8_t> body, std::uint32_t& stream);

}  // namespace tidegate::sim
