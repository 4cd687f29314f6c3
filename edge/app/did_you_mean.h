// The name somebody probably meant: the nearest of those that are allowed, if any is near enough.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidegate::app {

/// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// Empty when nothing is near: a far-fetched suggestion is worse than none.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& allowed);

}  // namespace tidegate::app
