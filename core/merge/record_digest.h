// A checksum of a state channel's records that can be kept up record by record: the sum of one
// number for each record, modulo 2^64. Relay and client keep the same sum, so a reader that holds
// something else than it should is found out without sending the records.
//
// A record's number is itself a sum, over the top-level fields of an object, of a hash of key, name
// and value as they stand; any other value, and binary, counts as one field without a name. Not
// keyed: it finds mistakes, not malice.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/stream/publication.h"

namespace tidegate {

std::uint64_t record_digest(std::string_view key, PayloadKind kind, ByteView payload);

}  // namespace tidegate
