// Reading and writing little-endian bytes. A reader never reads past its end: it turns to failed()
// and yields zeros, so that a decoder checks once at the end rather than after every field.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/types.h"

static_assert(
    std::endian::native == std::endian::little,
    "the wire is little-endian and is read by memcpy: a big-endian port has to swap here");

namespace tidegate {

class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return read<std::uint8_t>(); }
  std::uint16_t u16() { return read<std::uint16_t>(); }
  std::uint32_t u32() { return read<std::uint32_t>(); }
  std::uint64_t u64() { return read<std::uint64_t>(); }
  /// The next `size` bytes as a view into the input; empty (and failed) when there are fewer.
  ByteView bytes(std::size_t size) {
    if (remaining() < size) {
      fail();
      return {};
    }
    const ByteView view = bytes_.subspan(at_, size);
    at_ += size;
    return view;
  }
  /// A string with its length before it (u16 or u32).
  std::string_view string16() { return as_text(bytes(u16())); }
  std::string_view string32() { return as_text(bytes(u32())); }

  std::size_t remaining() const { return bytes_.size() - at_; }
  std::size_t position() const { return at_; }
  bool failed() const { return failed_; }
  /// Every byte read, and none missing.
  bool complete() const { return !failed_ && remaining() == 0; }

 private:
  template <typename T>
  T read() {
    T value = 0;
    if (remaining() < sizeof(T)) {
      fail();
      return value;
    }
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  /// Nothing more is readable after a failure, not even shorter things.
  void fail() {
    failed_ = true;
    at_ = bytes_.size();
  }

  ByteView bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void u8(std::uint8_t value) { write(value); }
  void u16(std::uint16_t value) { write(value); }
  void u32(std::uint32_t value) { write(value); }
  void u64(std::uint64_t value) { write(value); }
  void bytes(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void text(std::string_view text) { bytes(as_bytes(text)); }
  /// The caller has checked the length against its limit.
  void string16(std::string_view text);
  void string32(std::string_view text);
  void zeros(std::size_t count) { out_.resize(out_.size() + count); }
  /// Overwrites four bytes written before, for lengths known only afterwards.
  void patch_u32(std::size_t at, std::uint32_t value) { std::memcpy(out_.data() + at, &value, 4); }
  std::size_t size() const { return out_.size(); }

 private:
  template <typename T>
  void write(T value) {
    const std::size_t at = out_.size();
    out_.resize(at + sizeof(T));
    std::memcpy(out_.data() + at, &value, sizeof(T));
  }

  Bytes& out_;
};

}  // namespace tidegate
