// Trace and violations of one world.
#include "tests/sim/sim_context.h"

#include <cstdio>

namespace tidegate::sim {
namespace {

constexpr std::size_t kViolationsKept = 5;
constexpr std::int64_t kWallAtStartMs = 1'700'000'000'000;

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

}  // namespace

std::string show_time(Instant when) {
  const auto us = when.time_since_epoch().count() - 1'000'000'000;
  char text[32];
  std::snprintf(text, sizeof text, "%10.6f", static_cast<double>(us) / 1e6);
  return text;
}

void Trace::note(Instant now, std::string_view what, std::uint64_t a, std::uint64_t b,
                 std::uint64_t c) {
  mix(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  mix(hash_text(what));
  mix(a);
  mix(b);
  mix(c);
  if (verbose_) {
    std::printf("%s  %.*s %llu %llu %llu\n", show_time(now).c_str(), static_cast<int>(what.size()),
                what.data(), static_cast<unsigned long long>(a), static_cast<unsigned long long>(b),
                static_cast<unsigned long long>(c));
  }
}

void Trace::say(Instant now, const std::string& text) const {
  if (verbose_) std::printf("%s    %s\n", show_time(now).c_str(), text.c_str());
}

Now SimContext::now() const {
  const auto monotonic = queue.now();
  const auto since_start =
      std::chrono::duration_cast<std::chrono::milliseconds>(monotonic.time_since_epoch());
  return {monotonic, wall_from_ms(kWallAtStartMs) + since_start + wall_jump};
}

void SimContext::fail(std::string_view checker, std::string text) {
  note("VIOLATION", violations.size());
  if (violations.size() < kViolationsKept) {
    trace.say(queue.now(), "VIOLATION " + std::string(checker) + ": " + text);
    violations.push_back({std::string(checker), std::move(text), queue.now()});
  }
}

Prng SimContext::prng(std::string_view concern) const {
  return Prng(options.seed * 0x9E3779B97F4A7C15ULL ^ hash_text(concern));
}

}  // namespace tidegate::sim
