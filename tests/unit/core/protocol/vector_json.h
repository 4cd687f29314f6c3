// Golden vectors as values, both ways: a decoded frame to the `fields` of tests/vectors/*.json, and
// fields to the bytes our encoder makes of them. Numbers of 64 bits are decimal strings there.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/protocol/frame.h"

namespace tidegate::test {

/// Throws when the text is not hexadecimal digits and spaces.
Bytes bytes_of_hex(const std::string& hex);
std::string hex_of_bytes(ByteView bytes);

/// All vectors of one file.
nlohmann::json load_vectors(const std::string& file);

nlohmann::json fields_of(const Frame& frame);
/// Appends the frame that the fields describe.
void encode_fields(const nlohmann::json& fields, Bytes& out);

}  // namespace tidegate::test
