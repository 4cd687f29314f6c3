// The three primitives that authentication stands on, from OpenSSL: a hash, a keyed hash, and a
// comparison whose duration says nothing about where two values differ.
#pragma once

#include <array>

#include "core/base/types.h"

namespace tidegate::auth {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(ByteView bytes);
Sha256 hmac_sha256(ByteView key, ByteView bytes);

/// False at once for different lengths; otherwise in a time that depends on the length alone.
bool equal_in_constant_time(ByteView left, ByteView right);

/// Bytes from the operating system, for secrets that the relay itself makes.
Bytes secret_bytes(std::size_t count);

}  // namespace tidegate::auth
