#include "edge/app/quantity.h"

#include <charconv>
#include <cstdint>
#include <limits>

namespace tidegate::app {
namespace {

struct Unit64 {
  std::string_view name;
  std::uint64_t factor;
};

// The first spelling of each is the one that is printed; the largest come first.
constexpr Unit64 kDurationUnits[] = {
    {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}};
constexpr Unit64 kDurationUnitsReadOnly[] = {{"min", 60'000'000}, {"d", 86'400'000'000}};
constexpr Unit64 kSizeUnits[] = {
    {"GB", 1ULL << 30}, {"MB", 1ULL << 20}, {"KB", 1ULL << 10}, {"B", 1}};
constexpr Unit64 kSizeUnitsReadOnly[] = {
    {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}};

template <std::size_t N>
const Unit64* find_unit(const Unit64 (&units)[N], std::string_view name) {
  for (const Unit64& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

/// The number at the front, and what follows it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

template <std::size_t N, std::size_t M>
std::optional<std::uint64_t> parse(std::string_view text, const Unit64 (&units)[N],
                                   const Unit64 (&others)[M]) {
  const auto number = take_number(text);
  if (!number.has_value()) return std::nullopt;
  const Unit64* unit = find_unit(units, text);
  if (unit == nullptr) unit = find_unit(others, text);
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (unit == nullptr || *number > kMax / unit->factor) return std::nullopt;
  return *number * unit->factor;
}

template <std::size_t N>
std::string format(std::uint64_t value, const Unit64 (&units)[N]) {
  const Unit64* best = &units[N - 1];
  for (const Unit64& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      best = &unit;
      break;
    }
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto microseconds = parse(text, kDurationUnits, kDurationUnitsReadOnly);
  if (!microseconds.has_value()) return std::nullopt;
  return Duration(static_cast<std::int64_t>(*microseconds));
}

std::optional<std::size_t> parse_size(std::string_view text) {
  return parse(text, kSizeUnits, kSizeUnitsReadOnly);
}

std::optional<std::size_t> parse_count(std::string_view text) {
  const auto number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

std::string format_duration(Duration duration) {
  return format(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

std::string format_size(std::size_t bytes) { return format(bytes, kSizeUnits); }

}  // namespace tidegate::app
