// The core's vocabulary: strong types for the things that must never be confused with one another.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace tidegate {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The three-way comparison that em++ 3.1.6's standard library does not have for strings yet.
inline std::strong_ordering order(std::string_view left, std::string_view right) {
  return left.compare(right) <=> 0;
}

/// By bytes. (The libc++ of em++ 3.1.6 has no operator<=> for strings, so none can be defaulted.)
inline std::strong_ordering order_bytes(std::string_view left, std::string_view right) {
  return left.compare(right) <=> 0;
}

/// A publication's number within one epoch of one channel. Strictly increasing, never assumed
/// dense: counts are not got by subtraction. 0 is the position before the first publication.
struct Offset {
  std::uint64_t value = 0;
  auto operator<=>(const Offset&) const = default;
};

/// Names what a client is bound to on one connection: (channel, epoch, filter). Chosen by the
/// relay, bound by the subscribe answer, never reused within a relay process. 0 is never a stream.
enum class StreamId : std::uint32_t { None = 0 };

/// Pairs a command with its answer on one connection. 0 marks an unsolicited answer.
enum class RequestId : std::uint32_t { None = 0 };

/// Identity of a channel's stream, as an opaque token: same bytes, same stream and same view of it.
/// An epoch is never "updated"; another epoch is another stream. Empty means "no position yet".
class Epoch {
 public:
  Epoch() = default;
  /// 1 to limits::epoch_bytes_max bytes of [A-Za-z0-9_.~-]; anything else is BadRequest.
  static Result<Epoch> parse(std::string_view token);
  /// Eleven base64url characters made of 64 bits of entropy that the shell hands in.
  static Epoch from_entropy(std::uint64_t entropy);

  const std::string& token() const { return token_; }
  bool empty() const { return token_.empty(); }
  bool operator==(const Epoch&) const = default;
  std::strong_ordering operator<=>(const Epoch& other) const { return order(token_, other.token_); }

 private:
  explicit Epoch(std::string token) : token_(std::move(token)) {}
  std::string token_;
};

/// A validated channel name: `segment(:segment)*`, each segment one or more of [A-Za-z0-9._~@+=-].
/// Lengths and depth are bounded by limits.h. Everything else (`*`, `{`, `$`, …) is reserved, but
/// for one name of the relay's own: `$channels`, its directory.
class ChannelName {
 public:
  ChannelName() = default;  // empty: only as "not set"
  static Result<ChannelName> parse(std::string_view name);
  static ChannelName directory() { return ChannelName(std::string(kDirectoryName)); }

  bool is_directory() const { return !name_.empty() && name_.front() == '$'; }
  std::string_view view() const { return name_; }
  const std::string& str() const { return name_; }
  bool empty() const { return name_.empty(); }
  bool operator==(const ChannelName&) const = default;
  std::strong_ordering operator<=>(const ChannelName& other) const {
    return order(name_, other.name_);
  }

 private:
  static constexpr std::string_view kDirectoryName = "$channels";

  explicit ChannelName(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

}  // namespace tidegate
