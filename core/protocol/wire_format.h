// Constants of the binary encoding `tidegate.v1`, shared by encoder and decoder and mirrored by the
// TypeScript reader. docs/PROTOCOL.md holds the grammar, the tables and a worked example.
//
// A WebSocket message is a sequence of frames, each 8-aligned:
//   header  u32 body_bytes · u8 type · u8 flags · u16 zero      body, then zeros up to a multiple
//   of 8
// All numbers are little-endian.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tidegate::wire {

inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::uint16_t kProtocolVersionMin = 1;
inline constexpr char kSubprotocol[] = "tidegate.v1";

inline constexpr std::size_t kFrameHeaderBytes = 8;
inline constexpr std::size_t kAlignment = 8;
constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + kAlignment - 1) & ~(kAlignment - 1);
}

enum class FrameType : std::uint8_t {
  // client → relay
  Hello = 1,
  Subscribe = 2,
  Unsubscribe = 3,
  Publish = 4,
  // either way
  Ping = 16,
  Pong = 17,
  // relay → client
  Welcome = 32,
  Subscribed = 33,
  Unsubscribed = 34,
  PublishAck = 35,
  Refused = 36,
  Disconnect = 37,
  PublishConflict = 38,
  Block = 48,
};

/// Flags of a block frame; all other frames have 0 for now.
inline constexpr std::uint8_t kFlagMore =
    1;  // one page of several: the position moves with the last
inline constexpr std::uint8_t kFlagDigest = 2;   // the digest field is meaningful
inline constexpr std::uint8_t kFlagGroup = 4;    // the group field is meaningful
inline constexpr std::uint8_t kFlagRecords = 8;  // rows are records as they are, in key order
inline constexpr std::uint8_t kFlagSweep = 16;   // … and all there are within a range of keys
/// A frame of an unknown type with this flag may be skipped; without it, it is an error.
inline constexpr std::uint8_t kFlagOptional = 128;

// Block body: header, then rows, heap, JSON text, binary column; each section padded to 8.
//   u32 stream · u32 row_count · u64 previous · u64 offset · u32 heap_bytes · u32 json_bytes
//   u32 binary_bytes · u32 group · u64 digest
inline constexpr std::size_t kBlockHeaderBytes = 48;

/// One row as it stands on the wire. Read and written whole, by memcpy.
struct Row {
  std::uint64_t offset;
  std::uint64_t time_ms;
  std::uint32_t payload_len;
  std::uint32_t string_ref;  // from the heap's start: the key's bytes, then the event id's
  std::uint16_t key_len;
  std::uint16_t event_id_len;
  std::uint16_t event_index;
  std::uint8_t operation;
  std::uint8_t flags;
};
inline constexpr std::size_t kRowBytes = 32;
inline constexpr std::size_t kRowOffset = 0;
inline constexpr std::size_t kRowTime = 8;
inline constexpr std::size_t kRowPayloadLen = 16;
inline constexpr std::size_t kRowStringRef = 20;
inline constexpr std::size_t kRowKeyLen = 24;
inline constexpr std::size_t kRowEventIdLen = 26;
inline constexpr std::size_t kRowEventIndex = 28;
inline constexpr std::size_t kRowOperation = 30;
inline constexpr std::size_t kRowFlags = 31;
static_assert(sizeof(Row) == kRowBytes && offsetof(Row, time_ms) == kRowTime &&
              offsetof(Row, payload_len) == kRowPayloadLen &&
              offsetof(Row, string_ref) == kRowStringRef && offsetof(Row, key_len) == kRowKeyLen &&
              offsetof(Row, event_id_len) == kRowEventIdLen &&
              offsetof(Row, event_index) == kRowEventIndex &&
              offsetof(Row, operation) == kRowOperation && offsetof(Row, flags) == kRowFlags);

inline constexpr std::uint8_t kRowFlagBinary =
    1;  // payload is in the binary column, JSON has `null`
inline constexpr std::uint16_t kNoEvent = 0xFFFF;  // event_index of a row without an event name

// `conditions` of a publish: which of its conditional fields are meaningful.
inline constexpr std::uint16_t kIfEpoch = 1;
inline constexpr std::uint16_t kIfVersion = 2;
inline constexpr std::uint16_t kSourceVersion = 4;

// Heap: u16 event_count · event_count × u16 name_len · the names · with the sweep flag two str16,
// the keys after and until which it sweeps, and u64 read_at · the rows' strings. string_ref counts
// from the heap's start: key bytes, then event id bytes.

}  // namespace tidegate::wire
