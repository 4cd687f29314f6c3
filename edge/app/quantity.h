// Durations and sizes as people write them: "250ms", "24h", "16MB". One spelling on the command
// line, in the configuration and in what `check` prints.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace tidegate::app {

/// A whole number and a unit: ms, s, m (or min), h, d. nullopt for anything else, and for what
/// would not fit.
std::optional<Duration> parse_duration(std::string_view text);
/// A whole number and a unit: B, KB, MB, GB (also KiB, MiB, GiB). Units count in 1024.
std::optional<std::size_t> parse_size(std::string_view text);
/// Digits only.
std::optional<std::size_t> parse_count(std::string_view text);

/// In the largest unit that leaves a whole number: "90s", "24h", "16MB".
std::string format_duration(Duration duration);
std::string format_size(std::size_t bytes);

}  // namespace tidegate::app
