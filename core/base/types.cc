// The grammars of epochs and channel names. Messages name the place by number and never repeat the
// bytes, which are not ours and may not even be text.
#include "core/base/types.h"

#include <array>

#include "core/base/limits.h"

namespace tidegate {
namespace {

constexpr std::string_view kAlphanumeric =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

class ByteSet {
 public:
  constexpr explicit ByteSet(std::string_view extra) {
    for (const char c : kAlphanumeric) member_[static_cast<unsigned char>(c)] = true;
    for (const char c : extra) member_[static_cast<unsigned char>(c)] = true;
  }
  constexpr bool contains(char c) const { return member_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> member_{};
};

constexpr ByteSet kEpochBytes("_.~-");
constexpr ByteSet kSegmentBytes("._~@+=-");

Error invalid_channel(std::string message) {
  return Error{ErrorCode::InvalidChannel, std::move(message), 0};
}

Error segment_too_long(std::size_t segment, std::size_t bytes) {
  return invalid_channel("segment " + std::to_string(segment) + " of the channel name has " +
                         std::to_string(bytes) + " bytes; at most " +
                         std::to_string(limits::channel_segment_bytes_max) + " are allowed");
}

}  // namespace

Result<Epoch> Epoch::parse(std::string_view token) {
  if (token.empty()) return Error{ErrorCode::BadRequest, "the epoch is empty", 0};
  if (token.size() > limits::epoch_bytes_max) {
    return Error{ErrorCode::BadRequest,
                 "the epoch has " + std::to_string(token.size()) + " bytes; at most " +
                     std::to_string(limits::epoch_bytes_max) + " are allowed",
                 0};
  }
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (!kEpochBytes.contains(token[i])) {
      return Error{ErrorCode::BadRequest,
                   "byte " + std::to_string(i) +
                       " of the epoch is not one of A-Z a-z 0-9 _ . ~ -; "
                       "send back the epoch exactly as the relay gave it",
                   0};
    }
  }
  return Epoch(std::string(token));
}

Epoch Epoch::from_entropy(std::uint64_t entropy) {
  constexpr std::string_view kBase64Url =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string token;
  token.reserve(11);
  const auto digit = [&](std::uint64_t bits) { return kBase64Url[static_cast<std::size_t>(bits)]; };
  // 64 bits from the top, six at a time; the last character carries the four that remain.
  for (int shift = 58; shift >= 0; shift -= 6) token += digit((entropy >> shift) & 63);
  token += digit((entropy & 15) << 2);
  return Epoch(std::move(token));
}

Result<ChannelName> ChannelName::parse(std::string_view name) {
  if (name.empty()) return invalid_channel("the channel name is empty");
  if (name.size() > limits::channel_name_bytes_max) {
    return invalid_channel("the channel name has " + std::to_string(name.size()) +
                           " bytes; at most " + std::to_string(limits::channel_name_bytes_max) +
                           " are allowed");
  }
  const bool is_reserved = name == kDirectoryName;
  std::size_t segment = 1;
  std::size_t segment_start = 0;
  for (std::size_t i = 0; i <= name.size() && !is_reserved; ++i) {
    if (i < name.size() && kSegmentBytes.contains(name[i])) continue;
    if (i < name.size() && name[i] != ':') {
      return invalid_channel("byte " + std::to_string(i) +
                             " of the channel name is not allowed; a name is segments of "
                             "A-Z a-z 0-9 . _ ~ @ + = - with ':' between them");
    }
    if (i == segment_start) {
      return invalid_channel("segment " + std::to_string(segment) +
                             " of the channel name is empty");
    }
    if (i - segment_start > limits::channel_segment_bytes_max) {
      return segment_too_long(segment, i - segment_start);
    }
    if (segment > limits::channel_segments_max) {
      return invalid_channel("the channel name has more than " +
                             std::to_string(limits::channel_segments_max) + " segments");
    }
    ++segment;
    segment_start = i + 1;
  }
  return ChannelName(std::string(name));
}

}  // namespace tidegate
