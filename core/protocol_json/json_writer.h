// Writes JSON objects member by member, without spaces. What is JSON already is inlined as it
// stands, so that no number is read on its way.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/types.h"

namespace tidegate::json {

void append_text(std::string_view text, Bytes& out);
/// `text` (UTF-8) in quotes, escaped.
void append_quoted(std::string_view text, Bytes& out);

/// One object under construction: opened at once, closed by close(). Members of an object within it
/// are written before the next of its own.
class ObjectWriter {
 public:
  explicit ObjectWriter(Bytes& out) : out_(out) { out_.push_back('{'); }

  void text(std::string_view name, std::string_view value);
  /// Nothing when it is empty.
  void optional_text(std::string_view name, std::string_view value);
  void number(std::string_view name, std::uint64_t value);
  /// 64 bits that are used in full: a string, since many languages' numbers have 53.
  void wide(std::string_view name, std::uint64_t value);
  void truth(std::string_view name, bool value);
  /// A value that is JSON already; the space around it is not kept.
  void inlined(std::string_view name, std::string_view json);
  void base64(std::string_view name, ByteView bytes);
  /// The caller writes the value.
  void name(std::string_view name);
  ObjectWriter object(std::string_view name);
  void close() { out_.push_back('}'); }

 private:
  Bytes& out_;
  bool empty_ = true;
};

}  // namespace tidegate::json
