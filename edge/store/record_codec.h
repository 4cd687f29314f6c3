// How records look in a durable store: little-endian, with a version in front and a checksum
// behind, so that a later release can read what an earlier one wrote and a damaged row is an error
// and never a different publication.
//
//   batch       version u8 (1) · kind u8 · zero u16 · count u32 · items · checksum u64
//   log record  incarnation u64 · sequence u64 · payload hash u64 u64 · time i64 (ms) ·
//               operation u8 · payload kind u8 · presence u16 (1 if_epoch, 2 if_version,
//               4 source version) · record limits: count u64, bytes u64 · producer,
//               idempotency key, event, event id, key, tags: str16 each · payload str32 ·
//               then what is present: epoch str16 · version u64 · source epoch str16, number u64
//   record      one log record of which only the publication counts
//   keys        offset u64 · time i64 · payload hash u64 u64 · producer, idempotency key,
//               event id: str16 each
//
// The checksum is over all that stands before it. str16 is a u16 length and the bytes.
#pragma once

#include <span>
#include <vector>

#include "core/base/types.h"
#include "edge/relay/log_record.h"
#include "edge/relay/relay_effect.h"

namespace tidegate::store {

/// So that a change shows: one within an eight-byte word always, any other but for one in 2^64.
std::uint64_t checksum(ByteView bytes);

Bytes encode_log(std::span<const relay::LogRecordPtr> records);
Bytes encode_publication(const Publication& publication);
Bytes encode_keys(const std::vector<relay::RememberedKeys>& keys);

/// Internal, saying what is wrong, for anything that the functions above did not write.
Result<std::vector<relay::LogRecordPtr>> decode_log(ByteView bytes);
Result<PublicationPtr> decode_publication(ByteView bytes);
Result<std::vector<relay::RememberedKeys>> decode_keys(ByteView bytes);

}  // namespace tidegate::store
