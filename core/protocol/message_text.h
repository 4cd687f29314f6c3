// Texts for people within frames. They are made to fit by whoever encodes them, in any encoding,
// because no wording may ever end a connection.
#pragma once

#include <string>
#include <string_view>

namespace tidegate {

/// At most limits::error_message_bytes_max bytes of valid UTF-8: cut at a character boundary, and
/// what is not text is replaced.
std::string message_for_people(std::string_view message);

}  // namespace tidegate
