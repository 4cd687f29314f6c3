// Random frames, within their limits, for the codec properties.
#pragma once

#include <rapidcheck.h>

#include <set>
#include <string>
#include <vector>

#include "core/protocol/frame.h"

namespace tidegate::test {

/// UTF-8 of at most `bytes_max` bytes, with characters of every encoded length.
inline std::string random_text(std::size_t bytes_max) {
  static const std::vector<std::string> kPieces = {
      "a", "Z", "0", "-", " ", "\xC3\xA9", "\x01", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\"", "\\"};
  std::string text;
  for (const std::size_t piece :
       *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 11))) {
    if (text.size() + kPieces[piece].size() > bytes_max) break;
    text += kPieces[piece];
  }
  return text;
}

inline Bytes random_bytes() {
  return *rc::gen::container<Bytes>(rc::gen::arbitrary<std::uint8_t>());
}

/// One JSON value, with spaces around it now and then.
inline Bytes random_json() {
  const auto text = *rc::gen::element<std::string>("1", "null", " {\"a\":[1,2]}", "[ ]",
                                                   "\"x,]\"\n", "-0.5e-3", "{\"a\":null,\"b\":{}}");
  return Bytes(text.begin(), text.end());
}

inline ChannelName random_channel() {
  static constexpr char kBytes[] = "aZ09._~@+=-";
  std::string name;
  const auto segments = *rc::gen::inRange(1, 5);
  for (int i = 0; i < segments; ++i) {
    if (i > 0) name += ':';
    const auto length = *rc::gen::inRange(1, 12);
    for (int j = 0; j < length; ++j) name += kBytes[*rc::gen::inRange(0, 11)];
  }
  return *ChannelName::parse(name);
}

inline Epoch random_epoch() { return Epoch::from_entropy(*rc::gen::arbitrary<std::uint64_t>()); }

/// Small numbers mostly, and the largest ones too.
inline std::uint64_t random_u64() {
  return *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 1000),
                         rc::gen::arbitrary<std::uint64_t>());
}
inline std::uint32_t random_u32() { return *rc::gen::arbitrary<std::uint32_t>(); }
inline std::uint16_t random_u16() { return *rc::gen::arbitrary<std::uint16_t>(); }
inline RequestId random_request() { return RequestId{random_u32() | 1}; }
inline StreamId random_stream() { return StreamId{random_u32() | 1}; }

inline PublicationDraft random_draft() {
  PublicationDraft draft;
  draft.operation = static_cast<Operation>(*rc::gen::inRange(0, 4));
  draft.payload_kind = static_cast<PayloadKind>(*rc::gen::inRange(0, 2));
  draft.event = random_text(200);  // over its limit now and then: content is not the codec's matter
  draft.event_id = random_text(128);
  draft.key = random_text(255);
  draft.idempotency_key = random_text(128);
  if (*rc::gen::arbitrary<bool>()) draft.if_epoch = random_epoch();
  if (*rc::gen::arbitrary<bool>()) draft.if_version = Offset{random_u64()};
  if (*rc::gen::arbitrary<bool>()) {
    draft.source_version = SourceVersion{random_text(64), random_u64()};
  }
  draft.tags = random_text(300);
  draft.payload = random_bytes();
  return draft;
}

inline Frame random_client_frame(int kind) {
  switch (kind) {
    case 0:
      return HelloFrame{1, random_text(64), random_text(64), random_text(500)};
    case 1: {
      SubscribeFrame frame{random_request(), random_channel(), std::nullopt,
                           random_u32(),     random_u32(),     random_text(300)};
      if (*rc::gen::arbitrary<bool>()) {
        frame.since = StreamPosition{random_epoch(), Offset{random_u64()}};
      }
      return frame;
    }
    case 2:
      return UnsubscribeFrame{random_request(), random_stream()};
    default:
      return PublishFrame{random_request(), random_channel(), random_draft()};
  }
}

inline Frame random_relay_frame(int kind) {
  const StreamPosition position{random_epoch(), Offset{random_u64()}};
  switch (kind) {
    case 0:
      return WelcomeFrame{1,
                          random_text(64),
                          random_text(64),
                          random_u32(),
                          random_u32(),
                          random_u32(),
                          wall_from_ms(static_cast<std::int64_t>(random_u64())),
                          random_u64()};
    case 1: {
      const auto reason = static_cast<SnapshotReason>(*rc::gen::inRange(0, 5));
      const auto outcome =
          reason == SnapshotReason::None ? SubscribeOutcome::Recovered : SubscribeOutcome::Snapshot;
      return SubscribedFrame{RequestId{random_u32()},
                             random_stream(),
                             outcome,
                             reason,
                             position,
                             Offset{random_u64()},
                             random_channel(),
                             static_cast<ChannelKind>(*rc::gen::inRange(0, 3)),
                             static_cast<CatchUp>(*rc::gen::inRange(0, 4))};
    }
    case 2:
      return UnsubscribedFrame{RequestId{random_u32()}, random_stream(), random_u16(),
                               random_text(512)};
    case 3:
      return PublishAckFrame{random_request(), static_cast<PublishOutcome>(*rc::gen::inRange(0, 3)),
                             position};
    case 4:
      return RefusedFrame{random_request(),
                          Error{ErrorCode{random_u16()}, random_text(512), random_u32()}};
    case 5: {
      const Offset version{random_u64()};
      return PublishConflictFrame{random_request(), version,
                                  static_cast<PayloadKind>(*rc::gen::inRange(0, 2)),
                                  version.value == 0 ? Bytes() : random_bytes()};
    }
    default:
      return DisconnectFrame{random_u16(), random_u32(), random_text(512)};
  }
}

/// Any frame but a block.
inline Frame random_control_frame() {
  const int kind = *rc::gen::inRange(0, 13);
  if (kind < 4) return random_client_frame(kind);
  if (kind == 4) return PingFrame{random_u32()};
  if (kind == 5) return PongFrame{random_u32()};
  return random_relay_frame(kind - 6);
}

/// A publication as history may hold it.
inline Publication random_publication() {
  Publication publication;
  publication.time = wall_from_ms(static_cast<std::int64_t>(random_u64()));
  publication.operation = static_cast<Operation>(*rc::gen::inRange(0, 4));
  const bool may_be_binary =
      publication.operation == Operation::Append || publication.operation == Operation::Set;
  const bool binary = may_be_binary && *rc::gen::arbitrary<bool>();
  publication.payload_kind = binary ? PayloadKind::Binary : PayloadKind::Json;
  publication.event = *rc::gen::element<std::string>("", "created", "updated", "\xC3\xA9", "x");
  publication.event_id = random_text(128);
  publication.key = publication.operation == Operation::Append ? "" : random_text(255);
  publication.payload = binary ? random_bytes() : random_json();
  return publication;
}

/// Keys of records, in their order and each once; many share their beginnings.
inline std::vector<std::string> random_keys() {
  std::set<std::string> keys;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) {
    std::string key =
        *rc::gen::element<std::string>("a", "ab", "z", "\xC3\xA9", "\xF0\x9F\x98\x80");
    key += random_text(20);
    keys.insert(std::move(key));
  }
  return {keys.begin(), keys.end()};
}

/// A whole record, or what is left of a deleted one.
inline Publication random_record(std::string key, bool may_be_deleted) {
  Publication record = random_publication();
  record.operation =
      may_be_deleted && *rc::gen::inRange(0, 4) == 0 ? Operation::Delete : Operation::Set;
  if (record.operation == Operation::Delete) record.payload_kind = PayloadKind::Json;
  record.key = std::move(key);
  return record;
}

}  // namespace tidegate::test
