#include "core/base/base64.h"

namespace tidegate {
namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

constexpr std::string_view last_two(Base64 alphabet) {
  return alphabet == Base64::Url ? "-_" : "+/";
}

char letter_of(std::uint32_t value, Base64 alphabet) {
  return value < kLetters.size() ? kLetters[value] : last_two(alphabet)[value - kLetters.size()];
}

/// 64 for a character that is not of the alphabet.
std::uint32_t value_of(char c, Base64 alphabet) {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0') + 52;
  if (c == last_two(alphabet)[0]) return 62;
  return c == last_two(alphabet)[1] ? 63 : 64;
}

/// Takes the padding off; nullopt when there is not exactly as much as there has to be.
std::optional<std::string_view> without_padding(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string encode_base64(ByteView bytes, Base64 alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  std::uint32_t bit_count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8 | byte) & 0xFFFFU;
    for (bit_count += 8; bit_count >= 6; bit_count -= 6) {
      text.push_back(letter_of(bits >> (bit_count - 6) & 63U, alphabet));
    }
  }
  if (bit_count > 0) {
    text.push_back(letter_of(bits << (6 - bit_count) & 63U, alphabet));
  }
  while (alphabet == Base64::Standard && text.size() % 4 != 0) text.push_back('=');
  return text;
}

std::optional<Bytes> decode_base64(std::string_view text, Base64 alphabet) {
  if (alphabet == Base64::Standard) {
    const auto unpadded = without_padding(text);
    if (!unpadded.has_value()) return std::nullopt;
    text = *unpadded;
  }
  if (text.size() % 4 == 1) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  std::uint32_t bit_count = 0;
  for (const char c : text) {
    const std::uint32_t value = value_of(c, alphabet);
    if (value > 63) return std::nullopt;
    bits = (bits << 6 | value) & 0xFFFU;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> bit_count));
    }
  }
  const std::uint32_t unused = bits & ((1U << bit_count) - 1U);
  return unused == 0 ? std::optional<Bytes>(std::move(bytes)) : std::nullopt;
}

}  // namespace tidegate
