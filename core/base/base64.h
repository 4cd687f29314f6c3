// Base64 in its two alphabets, strictly: one text for each sequence of bytes and none else. Lenient
// decoders accept many spellings of one token, and whatever compares or caches tokens by their text
// is then deceived.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/types.h"

namespace tidegate {

enum class Base64 : std::uint8_t {
  Url,       // RFC 4648 section 5, without padding, as JWT has it
  Standard,  // RFC 4648 section 4, with padding, as everybody else has it
};

std::string encode_base64(ByteView bytes, Base64 alphabet);

/// nullopt for a foreign character, a length that cannot be, wrong padding, or unused bits that are
/// not zero.
std::optional<Bytes> decode_base64(std::string_view text, Base64 alphabet);

}  // namespace tidegate
